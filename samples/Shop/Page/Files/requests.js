// Requests to the shop. Each is repeated until a node answers: all of them are idempotent (a line's id is made here), so a
// repetition after a node died in the middle of it cannot add anything twice.
const attempts = 8;
const broken = new Set([502, 503, 504]);

export const newLineId = () => crypto.randomUUID();

export async function send(method, path, body) {
  const started = performance.now();
  for (let attempt = 1; ; attempt++) {
    let problem;
    try {
      const response = await fetch(path, {
        method,
        headers: body ? { "content-type": "application/json" } : {},
        body: body ? JSON.stringify(body) : undefined,
        cache: "no-store",
        signal: AbortSignal.timeout(5000),
      });
      if (response.ok) {
        return {
          view: await response.json(),
          // The balancer tells which addresses it tried: more than one means that it found a node dead and went on.
          tried: (response.headers.get("x-upstreams") ?? "").split(",").map(address => address.trim()).filter(Boolean),
          attempts: attempt,
          elapsed: performance.now() - started,
        };
      }
      problem = `${response.status}`;
      if (!broken.has(response.status)) {
        const told = await response.json().catch(() => ({}));
        return { error: told.detail ?? `The shop answered ${problem}.` };
      }
    } catch {
      problem = "not responding";
    }
    if (attempt === attempts) return { error: `No node answered after ${attempts} attempts (${problem}).` };
    await new Promise(resolve => setTimeout(resolve, 120 * attempt));
  }
}

using System.Net.Sockets;
using System.Text.Json;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// Sends requests, records them, and decides what their client may conclude:
/// <code>
/// no connection                                                nothing left this machine        Fail
/// 503 that says "not committed" (or whose endpoint never ran)  certain, the server said so      Fail
/// 200                                                          committed                        Ok
/// timeout, reset, broken answer, any other status              nobody knows                     Info
/// </code>
/// In doubt it is Info. Thread-safe.
/// </summary>
internal sealed class RequestSender : IDisposable
{
    private readonly LoadPlan _plan;
    private readonly HistoryRecorder _recorder;
    private readonly Dictionary<string, PlainHttpPool> _pools;

    public RequestSender(LoadPlan plan, HistoryRecorder recorder)
    {
        _plan = plan;
        _recorder = recorder;
        _pools = plan.Nodes.ToDictionary(n => n.Name, n => new PlainHttpPool(n.EndPoint));
    }

    /// <param name="meet">Waits on the node, between reading and writing, for another request of
    /// that name.</param>
    /// <param name="jar">Takes the cookies of the answer; null for a thief, who keeps what he
    /// has.</param>
    public async Task<HistoryEvent> SendAsync(
        int client,
        ClientKind kind,
        int number,
        JarState sent,
        CookieJar? jar,
        NodeAddress node,
        IReadOnlyList<Op> ops,
        EventFlags flags = EventFlags.None,
        string? meet = null
    )
    {
        var (target, body) = Target(ops);
        if (meet is not null)
        {
            target += (target.Contains('?', StringComparison.Ordinal) ? "&meet=" : "?meet=") + meet;
        }
        using var deadline = new CancellationTokenSource(_plan.Timeout);
        var open = _recorder.Begin(
            new HistoryEvent
            {
                Client = client,
                ClientKind = kind,
                Session = sent.Session,
                Generation = sent.Generation,
                Request = number,
                Node = node.Name,
                InvokeNs = 0,
                CompleteNs = 0,
                Result = RequestResult.Info,
                Flags = flags,
                Ops = ops,
                TokenSent = sent.Token,
            }
        );
        try
        {
            var answer = await _pools[node.Name].SendAsync("POST", target, sent.Cookie, body, deadline.Token);
            return Judge(open, answer, jar, flags);
        }
        catch (RequestNotSentException e)
        {
            return open.End(RequestResult.Fail, r => r with { Note = e.Message });
        }
        catch (Exception e)
            when (e is IOException or SocketException or OperationCanceledException or FormatException or JsonException)
        {
            return open.End(RequestResult.Info, r =>
                r with
                {
                    Note = e is OperationCanceledException ? "timeout" : e.Message,
                }
            );
        }
    }

    public void Dispose()
    {
        foreach (var pool in _pools.Values)
        {
            pool.Dispose();
        }
    }

    private static HistoryEvent Judge(
        HistoryRecorder.OpenRequest open,
        HttpAnswer answer,
        CookieJar? jar,
        EventFlags flags
    )
    {
        var after = SeenVersion.TryParse(answer.Header("X-Chaos-Version"));
        if (answer.Header("X-Chaos-Regressed") is not null)
        {
            flags |= EventFlags.Regressed;
        }
        if (answer.Status != 200)
        {
            var isCertain =
                answer.Status == 503
                && (
                    answer.Header("X-Chaos-Not-Committed") is not null
                    || answer.Header("Session-Commit") == "not-committed"
                );
            flags |= answer.Status == 503 ? EventFlags.Rejected : EventFlags.None;
            jar?.Apply(answer, after, renewed: false);
            return open.End(isCertain ? RequestResult.Fail : RequestResult.Info, r =>
                r with
                {
                    Flags = flags,
                    Note = $"HTTP {answer.Status}",
                }
            );
        }

        var said = JsonSerializer.Deserialize<NodeAnswer>(answer.Body, NodeAnswer.Json)
            ?? throw new FormatException("The answer is empty.");
        flags |= said.IsNew && said.IsAvailable ? EventFlags.NewSession : EventFlags.None;
        flags |= said.IsRegressed ? EventFlags.Regressed : EventFlags.None;
        flags |= said.IsAvailable ? EventFlags.None : EventFlags.ServedEmpty;
        var served = SeenVersion.TryParse(said.Served);
        // The jar changes before the end is recorded, so a request that could not yet send the new
        // cookie never counts as a later one.
        var setCookie = jar?.Apply(answer, after ?? served, said.Ops.Any(o => o.Kind == OpKind.Renew)) ?? false;
        return open.End(RequestResult.Ok, r =>
            r with
            {
                Flags = flags,
                Ops = said.Ops,
                Served = served,
                TokenReceived = setCookie ? after ?? served : null,
                Committed = said.Ops.Any(o => o.Kind is OpKind.Set or OpKind.Append or OpKind.Counter) ? after : null,
                Note = said.Source,
            }
        );
    }

    private static (string Target, byte[]? Body) Target(IReadOnlyList<Op> ops)
    {
        if (ops.Count != 1)
        {
            return ("/ops", JsonSerializer.SerializeToUtf8Bytes(ops, NodeAnswer.Json));
        }
        var op = ops[0];
        var key = Uri.EscapeDataString(op.Key ?? "");
        var value = Uri.EscapeDataString(op.Value ?? "");
        return (
            op.Kind switch
            {
                OpKind.Get => $"/get?key={key}",
                OpKind.Set => $"/set?key={key}&value={value}",
                OpKind.Append => $"/entry?value={value}",
                OpKind.List => "/entries",
                OpKind.Remove => $"/remove?key={key}",
                OpKind.Counter => $"/counter?key={key}",
                OpKind.CounterRead => $"/count?key={key}",
                OpKind.Destroy => "/destroy",
                OpKind.Renew => "/renew",
                _ => throw new ArgumentOutOfRangeException(nameof(ops)),
            },
            null
        );
    }
}

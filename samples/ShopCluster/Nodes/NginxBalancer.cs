using ShopCluster.Processes;

namespace ShopCluster.Nodes;

/// <summary>
/// nginx in front of the nodes: every request goes to the next node, from any client.
/// </summary>
internal sealed class NginxBalancer : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private NginxBalancer(ServerProcess process) => _process = process;

    public static async Task<NginxBalancer> StartAsync(
        int port,
        IEnumerable<int> nodePorts,
        int controlPort,
        WorkDirectory directory,
        CancellationToken cancellation
    )
    {
        var configuration = directory.File("nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            Configuration(port, nodePorts, controlPort, directory.Path),
            cancellation
        );
        var process = await ServerProcess.StartAsync(
            "nginx",
            ["-p", directory.Path, "-c", configuration],
            directory.Path,
            logFile: directory.File("nginx.log")
        );
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            await process.ReadyAsync(
                () => AnswersAsync(http, $"http://127.0.0.1:{port}/cluster/status", cancellation),
                cancellation: cancellation
            );
            return new NginxBalancer(process);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<bool> AnswersAsync(HttpClient http, string address, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.GetAsync(address, cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }

    private static string Configuration(int port, IEnumerable<int> nodePorts, int controlPort, string directory) =>
        $$"""
            daemon off;
            # One process: a killed master would leave its workers behind. It also makes the turns exact, as workers count them each for itself.
            master_process off;
            pid {{directory}}/nginx.pid;
            error_log {{directory}}/nginx.log warn;
            events { worker_connections 1024; }
            http {
              access_log off;
              client_body_temp_path {{directory}}/body;
              proxy_temp_path {{directory}}/proxy;
              fastcgi_temp_path {{directory}}/fastcgi;
              uwsgi_temp_path {{directory}}/uwsgi;
              scgi_temp_path {{directory}}/scgi;

              upstream shop {
            {{string.Join('\n', nodePorts.Select(node => $"    server 127.0.0.1:{node} max_fails=1 fail_timeout=1s;"))}}
                keepalive 32;
              }

              server {
                listen 127.0.0.1:{{port}};
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_connect_timeout 300ms;
                proxy_read_timeout 5s;
                # A request whose node dies goes on to the next one, if it may be repeated (GET, PUT, DELETE; never POST).
                # http_503 is left out on purpose: "the store is down" is true on every node, and would take all of them out.
                proxy_next_upstream error timeout;
                proxy_next_upstream_tries 3;
                add_header X-Upstreams $upstream_addr always;

                location / { proxy_pass http://shop; }
                # With all nodes dead there is nobody to show the page that has the buttons to bring them back.
                location = / { proxy_pass http://shop; error_page 502 504 /cluster/all-down; }
                location /cluster/ { proxy_pass http://127.0.0.1:{{controlPort}}; }
              }
            }
            """;
}

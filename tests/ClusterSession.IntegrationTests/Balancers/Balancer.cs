using System.Globalization;
using System.Net;
using ClusterSession.IntegrationTests.Packages;

namespace ClusterSession.IntegrationTests.Balancers;

/// <summary>
/// nginx or HAProxy with the configuration of the folder <c>deploy</c>, of which only the addresses
/// are replaced.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private ServerProcess? _process;

    private Balancer() => Port = FreePort.Next();

    /// <summary>Where clients come in.</summary>
    public int Port { get; }

    /// <summary>
    /// Starts <c>nginx</c> or <c>haproxy</c> in front of three nodes and waits until it is ready.
    /// </summary>
    public static async Task<Balancer> StartAsync(string kind, params BalancedNode[] nodes)
    {
        var balancer = new Balancer();
        try
        {
            balancer._process =
                kind == "nginx" ? await balancer.StartNginxAsync(nodes) : await balancer.StartHaProxyAsync(nodes);
            using var http = new HttpClient();
            await balancer._process.ReadyAsync(async () => await balancer.AnswersAsync(http));
            return balancer;
        }
        catch
        {
            await balancer.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task<ServerProcess> StartNginxAsync(BalancedNode[] nodes)
    {
        var sites = Configuration("nginx/cluster-session.conf", "listen 80;", $"listen 127.0.0.1:{Text(Port)};", nodes);
        await File.WriteAllTextAsync(_directory.File("cluster-session.conf"), sites);
        // One process: a killed master would leave its workers behind.
        await File.WriteAllTextAsync(
            _directory.File("nginx.conf"),
            $$"""
            daemon off;
            master_process off;
            pid {{_directory.File("pid")}};
            error_log stderr warn;
            events { worker_connections 256; }
            http {
              access_log off;
              client_body_temp_path {{_directory.File("body")}};
              proxy_temp_path {{_directory.File("proxy")}};
              fastcgi_temp_path {{_directory.File("fastcgi")}};
              uwsgi_temp_path {{_directory.File("uwsgi")}};
              scgi_temp_path {{_directory.File("scgi")}};
              include {{_directory.File("cluster-session.conf")}};
            }
            """
        );
        return await ServerProcess.StartAsync(
            "nginx",
            ["-p", _directory.Path, "-e", "stderr", "-c", _directory.File("nginx.conf")],
            _directory.Path
        );
    }

    private async Task<ServerProcess> StartHaProxyAsync(BalancedNode[] nodes)
    {
        var all = Configuration("haproxy/haproxy.cfg", "bind :80", $"bind 127.0.0.1:{Text(Port)}", nodes);
        await File.WriteAllTextAsync(_directory.File("haproxy.cfg"), all);
        return await ServerProcess.StartAsync(
            "haproxy",
            ["-db", "-f", _directory.File("haproxy.cfg")],
            _directory.Path
        );
    }

    private static string Configuration(string file, string listen, string listenHere, BalancedNode[] nodes)
    {
        var text = Replace(File.ReadAllText(Path.Combine(PackedFeed.Repository, "deploy", file)), listen, listenHere);
        for (var i = 0; i < nodes.Length; i++)
        {
            var (node, port) = (Text(i + 1), Text(nodes[i].Port));
            text = Replace(text, $"10.0.0.{node}:5000", $"127.0.0.1:{port}")
                .Replace($@"10\.0\.0\.{node}:5000", $@"127\.0\.0\.1:{port}", StringComparison.Ordinal);
        }

        return text;
    }

    private static string Replace(string text, string old, string by) =>
        text.Contains(old, StringComparison.Ordinal)
            ? text.Replace(old, by, StringComparison.Ordinal)
            : throw new InvalidOperationException($"The configuration does not say '{old}'.");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync($"http://127.0.0.1:{Text(Port)}/health");
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

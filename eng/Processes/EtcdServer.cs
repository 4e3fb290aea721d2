using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace ClusterSession.Processes;

/// <summary>
/// A real etcd server on free loopback ports with a directory of its own: alone, or one of several.
/// </summary>
/// <remarks>
/// Its election timeout is short, and with it the shortest lease: one and a half of it, in whole
/// seconds. What operators do is asked of its JSON gateway, so that no etcdctl is needed.
/// </remarks>
public sealed class EtcdServer : IAsyncDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Election = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly int _peerPort = FreePort.Next();
    private readonly EtcdServerOptions _options;
    private readonly HttpClient _http;
    private readonly string _name;
    private ServerProcess? _process;

    private EtcdServer(int number, EtcdServerOptions options)
    {
        _name = string.Create(CultureInfo.InvariantCulture, $"etcd-{number}");
        _options = options;
        var handler = new SocketsHttpHandler();
        if (options.Certificates is { } certificates)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            handler.SslOptions.ClientCertificates =
            [
                X509Certificate2.CreateFromPemFile(certificates.ServerCertFile, certificates.ServerKeyFile),
            ];
        }

        _http = new HttpClient(handler) { BaseAddress = new Uri(Endpoint), Timeout = TimeSpan.FromSeconds(10) };
    }

    /// <summary>Where clients connect to; the same over restarts.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>Scheme, host and port for clients.</summary>
    public string Endpoint => $"{Scheme}://127.0.0.1:{Port}";

    /// <summary>The process, for signals.</summary>
    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    private string Scheme => _options.Certificates is null ? "http" : "https";

    private string Peer => $"http://127.0.0.1:{_peerPort}";

    /// <summary>Starts a server that is alone, and waits until it serves.</summary>
    public static async Task<EtcdServer> StartAsync(EtcdServerOptions? options = null) =>
        (await StartClusterAsync(1, options))[0];

    /// <summary>Starts several and waits until each of them serves.</summary>
    public static async Task<EtcdServer[]> StartClusterAsync(int servers, EtcdServerOptions? options = null)
    {
        options ??= new EtcdServerOptions();
        EtcdServer[] cluster = [.. Enumerable.Range(1, servers).Select(number => new EtcdServer(number, options))];
        try
        {
            await StartAgainAsync(cluster, cluster);
            return cluster;
        }
        catch
        {
            foreach (var server in cluster)
            {
                await server.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Starts some of a cluster, with ports and directories as they were.</summary>
    public static async Task StartAgainAsync(EtcdServer[] cluster, params EtcdServer[] stopped)
    {
        foreach (var server in stopped)
        {
            await server.LaunchAsync(cluster);
        }

        await Task.WhenAll(stopped.Select(server => server.Process.ReadyAsync(server.IsHealthyAsync, StartPatience)));
    }

    /// <summary>The one of a cluster that leads, by its own word.</summary>
    public static async Task<EtcdServer> LeaderAsync(IEnumerable<EtcdServer> cluster)
    {
        foreach (var server in cluster.Where(server => !server.Process.HasExited))
        {
            var status = await server.AskAsync("maintenance/status");
            if ((string?)status["leader"] == (string?)status["header"]!["member_id"])
            {
                return server;
            }
        }

        throw new InvalidOperationException("No server leads.");
    }

    /// <summary>Asks its JSON gateway.</summary>
    /// <param name="path">Such as <c>kv/put</c>.</param>
    /// <param name="request">Bytes in base64, 64-bit numbers as texts.</param>
    public async Task<JsonNode> AskAsync(string path, JsonObject? request = null)
    {
        using var response = await _http.PostAsJsonAsync($"/v3/{path}", request ?? []);
        var body = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(body)!
            : throw new HttpRequestException($"{path}: {(int)response.StatusCode} {body}");
    }

    /// <summary>
    /// From now on clients need a user: root, and one who may read and write the keys below a path.
    /// </summary>
    public async Task RequireUserAsync(string user, string password, string path)
    {
        var root = new JsonObject { ["name"] = "root", ["password"] = "of-root" };
        await AskAsync("auth/user/add", root);
        await AskAsync("auth/role/add", new JsonObject { ["name"] = "root" });
        await AskAsync("auth/user/grant", new JsonObject { ["user"] = "root", ["role"] = "root" });
        await AskAsync("auth/user/add", new JsonObject { ["name"] = user, ["password"] = password });
        await AskAsync("auth/role/add", new JsonObject { ["name"] = user });
        var permission = new JsonObject
        {
            ["permType"] = "READWRITE",
            ["key"] = Base64($"{path}/"),
            ["range_end"] = Base64($"{path}0"),
        };
        await AskAsync("auth/role/grant", new JsonObject { ["name"] = user, ["perm"] = permission });
        await AskAsync("auth/user/grant", new JsonObject { ["user"] = user, ["role"] = user });
        await AskAsync("auth/enable");
    }

    /// <summary>A text as the gateway wants bytes.</summary>
    public static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
        _directory.Dispose();
    }

    private async Task<bool> IsHealthyAsync()
    {
        try
        {
            var status = await AskAsync("maintenance/status");
            return (string?)status["leader"] is not (null or "0");
        }
        catch (TaskCanceledException)
        {
            return false;
        }
    }

    private async Task LaunchAsync(EtcdServer[] cluster)
    {
        if (_process is { } old)
        {
            await old.DisposeAsync();
        }

        string[] arguments =
        [
            $"--name={_name}",
            $"--data-dir={_directory.File("data")}",
            $"--listen-client-urls={Endpoint}",
            $"--advertise-client-urls={Endpoint}",
            $"--listen-peer-urls={Peer}",
            $"--initial-advertise-peer-urls={Peer}",
            $"--initial-cluster={string.Join(',', cluster.Select(one => $"{one._name}={one.Peer}"))}",
            $"--initial-cluster-token={cluster[0].Port}",
            $"--heartbeat-interval={Heartbeat.TotalMilliseconds:0}",
            $"--election-timeout={Election.TotalMilliseconds:0}",
            "--logger=zap",
            .. Tls(),
        ];
        _process = await ServerProcess.StartAsync("etcd", arguments, _directory.Path);
    }

    private string[] Tls() =>
        _options.Certificates is not { } certificates
            ? []
            :
            [
                $"--cert-file={certificates.ServerCertFile}",
                $"--key-file={certificates.ServerKeyFile}",
                $"--trusted-ca-file={certificates.CaFile}",
                "--client-cert-auth",
            ];
}

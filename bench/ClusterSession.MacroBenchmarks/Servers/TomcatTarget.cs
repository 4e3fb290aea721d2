using System.Globalization;
using System.Net.Sockets;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// Two Tomcats that hold each other's sessions. The first is under load; the second holds the
/// backups, so that its processor time stands where that of Redis stands for others.
/// </summary>
internal sealed class TomcatTarget : ITarget
{
    public const string Delta = "tomcat-delta";
    public const string Backup = "tomcat-backup";

    private readonly List<ServerProcess> _nodes = [];

    private TomcatTarget(string name, string title, int port)
    {
        Name = name;
        Title = title;
        Ports = [port];
    }

    public string Name { get; }

    public string Title { get; }

    public int[] Ports { get; }

    public bool HasSessions => true;

    public MeasuredRedis? Redis => null;

    public static Task<TomcatTarget> StartDeltaAsync(string application, string workDirectory) =>
        StartAsync(
            Delta,
            "Tomcat, DeltaManager",
            application,
            workDirectory,
            "<Manager className=\"org.apache.catalina.ha.session.DeltaManager\" expireSessionsOnShutdown=\"false\" notifyListenersOnReplication=\"true\"/>"
        );

    public static Task<TomcatTarget> StartBackupAsync(string application, string workDirectory) =>
        StartAsync(
            Backup,
            "Tomcat, BackupManager",
            application,
            workDirectory,
            "<Manager className=\"org.apache.catalina.ha.session.BackupManager\" expireSessionsOnShutdown=\"false\" notifyListenersOnReplication=\"true\" mapSendOptions=\"6\"/>"
        );

    public Task<Usage> UsageAsync() =>
        Task.FromResult(
            new Usage(
                ProcessCpu.Microseconds(_nodes[0].Pid),
                HeapUsage.Unknown,
                ProcessCpu.Microseconds(_nodes[1].Pid),
                double.NaN,
                double.NaN,
                double.NaN
            )
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static async Task<TomcatTarget> StartAsync(
        string name,
        string title,
        string application,
        string workDirectory,
        string manager
    )
    {
        var home = Environment.GetEnvironmentVariable("CATALINA_HOME") ?? "/usr/share/tomcat10";
        if (!File.Exists(Path.Combine(home, "bin", "bootstrap.jar")))
        {
            throw new InvalidOperationException($"no Tomcat 10 in {home}");
        }

        int[] http = [FreePort.Next(), FreePort.Next()];
        int[] channel = [FreePort.Next(), FreePort.Next()];
        var target = new TomcatTarget(name, title, http[0]);
        try
        {
            for (var node = 0; node < 2; node++)
            {
                var directory = Path.Combine(
                    workDirectory,
                    string.Create(CultureInfo.InvariantCulture, $"{name}-{node + 1}")
                );
                Prepare(directory, application, node, http, channel, manager, home);
                target._nodes.Add(
                    await ServerProcess.StartAsync(
                        "java",
                        [
                            "-Xms256m",
                            "-Xmx1g",
                            "-Djava.net.preferIPv4Stack=true",
                            $"-Dcatalina.home={home}",
                            $"-Dcatalina.base={directory}",
                            $"-Djava.io.tmpdir={directory}/temp",
                            "-cp",
                            $"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar",
                            "org.apache.catalina.startup.Bootstrap",
                            "start",
                        ],
                        directory,
                        new Dictionary<string, string> { ["LC_ALL"] = "C" },
                        Path.Combine(directory, "logs", "out")
                    )
                );
            }

            using var client = new HttpClient();
            for (var node = 0; node < 2; node++)
            {
                var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{http[node]}/untouched");
                await target
                    ._nodes[node]
                    .ReadyAsync(
                        async () => (await client.GetAsync(new Uri(url))).IsSuccessStatusCode,
                        TimeSpan.FromSeconds(60)
                    );
            }

            return target;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or SocketException)
        {
            await target.DisposeAsync();
            throw;
        }
    }

    private static void Prepare(
        string directory,
        string application,
        int node,
        int[] http,
        int[] channel,
        string manager,
        string home
    )
    {
        foreach (var part in (string[])["conf", "logs", "temp", "work", "webapps/ROOT/WEB-INF/classes"])
        {
            Directory.CreateDirectory(Path.Combine(directory, part));
        }

        var other = 1 - node;
        var text = File.ReadAllText(Path.Combine(application, "server.xml"))
            .Replace("@MANAGER@", manager, StringComparison.Ordinal)
            .Replace("@HTTP_PORT@", Text(http[node]), StringComparison.Ordinal)
            .Replace("@PORT@", Text(channel[node]), StringComparison.Ordinal)
            .Replace("@OTHER_PORT@", Text(channel[other]), StringComparison.Ordinal)
            .Replace("@NODE@", Text(node + 1), StringComparison.Ordinal)
            .Replace("@OTHER_NODE@", Text(other + 1), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(directory, "conf", "server.xml"), text);
        File.WriteAllText(Path.Combine(directory, "conf", "context.xml"), "<Context/>");
        File.WriteAllText(
            Path.Combine(directory, "conf", "web.xml"),
            "<web-app xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"6.0\"/>"
        );
        File.Copy(
            Path.Combine(application, "WEB-INF", "web.xml"),
            Path.Combine(directory, "webapps/ROOT/WEB-INF/web.xml"),
            overwrite: true
        );
        foreach (var type in Directory.GetFiles(application, "*.class"))
        {
            File.Copy(
                type,
                Path.Combine(directory, "webapps/ROOT/WEB-INF/classes", Path.GetFileName(type)),
                overwrite: true
            );
        }

        if (!Directory.Exists(Path.Combine(directory, "lib")))
        {
            Directory.CreateSymbolicLink(Path.Combine(directory, "lib"), Path.Combine(home, "lib"));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

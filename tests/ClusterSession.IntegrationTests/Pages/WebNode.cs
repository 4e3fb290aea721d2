using System.Globalization;

namespace ClusterSession.IntegrationTests.Pages;

/// <summary>A process of the application.</summary>
internal sealed class WebNode : IAsyncDisposable
{
    private WebNode(ServerProcess process, Uri address) => (Process, Address) = (process, address);

    /// <summary>The process.</summary>
    public ServerProcess Process { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="program">The assembly that runs.</param>
    /// <param name="directory">The directory of its project, where its settings are.</param>
    /// <param name="environment">Settings of this process.</param>
    /// <param name="logFile">Takes what it prints; default: a file in that directory.</param>
    /// <param name="ready">The path that answers with a success when it is ready.</param>
    public static async Task<WebNode> StartAsync(
        string program,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        string? logFile = null,
        string ready = "/"
    )
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}");
        var process = await ServerProcess.StartAsync(
            "dotnet",
            [program, "--urls", address.ToString(), "--environment", "Production"],
            directory,
            environment,
            logFile
        );
        var node = new WebNode(process, address);
        try
        {
            using var http = new HttpClient();
            var question = new Uri(address, ready);
            await process.ReadyAsync(() => AnswersAsync(http, question), TimeSpan.FromMinutes(1));
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static async Task<bool> AnswersAsync(HttpClient http, Uri address)
    {
        try
        {
            using var response = await http.GetAsync(address);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

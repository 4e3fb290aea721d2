using System.Globalization;

namespace ClusterSession.IntegrationTests.Moving;

/// <summary>A process of the application.</summary>
internal sealed class ShopNode : IAsyncDisposable
{
    private ShopNode(ServerProcess process, Uri address) => (Process, Address) = (process, address);

    /// <summary>The process.</summary>
    public ServerProcess Process { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    public static async Task<ShopNode> StartAsync(string project, Dictionary<string, string> environment)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next().ToString(CultureInfo.InvariantCulture)}");
        environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        var program = Path.Combine(project, "bin", "Release", "net10.0", "Shop.dll");
        var process = await ServerProcess.StartAsync(
            "dotnet",
            [program, "--urls", address.ToString()],
            project,
            environment
        );
        var node = new ShopNode(process, address);
        try
        {
            using var http = new HttpClient();
            await process.ReadyAsync(() => AnswersAsync(http, address), TimeSpan.FromMinutes(1));
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

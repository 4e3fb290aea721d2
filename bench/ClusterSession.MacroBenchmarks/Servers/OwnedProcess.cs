using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>A server that ends with this process, however this process ends.</summary>
/// <remarks>
/// Its parent is a shell that waits for the end of its own input, which comes when this process disposes the server or dies, kill -9
/// included, and then ends the server by its pid. (PR_SET_PDEATHSIG was rejected: it fires when the thread ends that started the child.)
/// </remarks>
internal sealed class OwnedProcess : IAsyncDisposable
{
    private const string Guard = "\"$@\" >\"$LOG\" 2>&1 </dev/null & child=$!; echo $child; read -r _; kill -9 $child 2>/dev/null; wait $child 2>/dev/null; exit 0";
    private readonly Process _shell;

    private OwnedProcess(Process shell, int pid, string log)
    {
        _shell = shell;
        Pid = pid;
        LogFile = log;
    }

    public int Pid { get; }

    public string LogFile { get; }

    public bool HasEnded => !Directory.Exists($"/proc/{Pid}");

    public static async Task<OwnedProcess> StartAsync(string log, IReadOnlyDictionary<string, string>? environment, params string[] command)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])["-c", Guard, "guard", .. command])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LOG"] = log;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var shell = Process.Start(start)!;
        var pid = int.Parse((await shell.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        return new OwnedProcess(shell, pid, log);
    }

    /// <summary>Waits until it serves.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> isReady, TimeSpan atMost)
    {
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < atMost && !HasEnded; await Task.Delay(50))
        {
            try
            {
                if (await isReady())
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException or HttpRequestException or IOException)
            {
                // Not yet.
            }
        }

        var log = File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(10)) : "";
        throw new InvalidOperationException($"A server was not ready within {atMost.TotalSeconds:0} s. Its last words: {log}");
    }

    /// <summary>A port on loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;

namespace ClusterSession.TestKit.Servers;

/// <summary>One real server process: started in a session of its own, its output captured, ended for certain.</summary>
/// <remarks>
/// setsid matters: a stopped process gets SIGHUP and SIGCONT when its process group becomes orphaned, which would undo a
/// <see cref="Stop"/>. setsid(1) forks only if it leads its process group, which a child of ours never does, so the process id is the server's.
/// </remarks>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, Process> Running = new();
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    static ServerProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        // A test run that is cut short leaves nothing behind.
        foreach (var process in Running.Values)
            KillQuietly(process);
    };

    private ServerProcess(Process process) => _process = process;

    /// <summary>The process id of the server itself.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it ended with. Only once it has.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it printed so far, standard error included.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts a server; returns before it is ready.</summary>
    public static ServerProcess Start(
        string binary, IEnumerable<string> arguments, string workingDirectory, IReadOnlyDictionary<string, string>? environment = null)
    {
        var path = ServerBinary.Find(binary);
        var setsid = ServerBinary.TryFind("setsid");
        var start = new ProcessStartInfo(setsid ?? path)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        if (setsid != null)
            start.ArgumentList.Add(path);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        var server = new ServerProcess(new Process { StartInfo = start });
        server._process.OutputDataReceived += server.Keep;
        server._process.ErrorDataReceived += server.Keep;
        server._process.Start();
        Running[server.Pid] = server._process;
        server._process.StandardInput.Close();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Waits until the server is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time (default 20 s); with its output.</exception>
    public async Task ReadyAsync(Func<Task<bool>> isReady, TimeSpan? deadline = null)
    {
        try
        {
            await Condition.HoldsAsync(async () => HasExited || await isReady(), "server is ready", deadline);
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"{Name} was not ready in time. Its output:\n{Output}", e);
        }

        if (HasExited)
            throw new InvalidOperationException($"{Name} ended with {_process.ExitCode} instead of starting. Its output:\n{Output}");
    }

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task Kill9Async()
    {
        Signal.Kill(Pid);
        await _process.WaitForExitAsync();
        Running.TryRemove(Pid, out _);
    }

    /// <summary>Asks it to end and waits for that; after ten seconds kill -9.</summary>
    public async Task TerminateAsync()
    {
        Signal.Continue(Pid);
        Signal.Terminate(Pid);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await Kill9Async();
        }

        Running.TryRemove(Pid, out _);
    }

    /// <summary>SIGSTOP: connections stay open, nothing answers.</summary>
    public void Stop() => Signal.Stop(Pid);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Signal.Continue(Pid);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
            await Kill9Async();
        Running.TryRemove(Pid, out _);
        _process.Dispose();
    }

    private string Name => Path.GetFileName(_process.StartInfo.ArgumentList.FirstOrDefault() ?? _process.StartInfo.FileName);

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data != null)
            _output.Enqueue(line.Data);
    }

    private static void KillQuietly(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace ClusterSession.Processes;

/// <summary>
/// One real server process: started in a session of its own, its output kept, ended for certain.
/// </summary>
/// <remarks>
/// <para>
/// It ends with this process, whatever ends this one: <c>setpriv --pdeathsig KILL</c> makes the
/// kernel kill it when its parent dies, kill -9 included. "Parent" means the <i>thread</i> that
/// forked (prctl(2), PR_SET_PDEATHSIG), so all are started by <see cref="StartingThread"/>. Where
/// there is no setpriv, they end when this process ends in order. (Rejected: a shell that waits for
/// the end of its input. It is a second process for each server, and its id is not the server's.)
/// </para>
/// <para>
/// setsid matters: a stopped process gets SIGHUP and SIGCONT when its process group becomes
/// orphaned, which would undo a <see cref="Stop"/>. setsid(1) forks only if it leads its process
/// group, which a child of ours never does.
/// </para>
/// <para>
/// A shell connects the output to a file, which costs this process nothing while a server is
/// measured. Like setpriv and setsid it then replaces itself, so the process id is the server's.
/// </para>
/// </remarks>
public sealed class ServerProcess : IAsyncDisposable
{
    private const string Redirect = """log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null""";
    private const int LastWords = 12;

    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);
    private static readonly StartingThread Starter = new();
    private static readonly ConcurrentDictionary<int, Process> Running = new();
    private static int _logs;

    private readonly Process _process;
    private readonly string _name;

    static ServerProcess() =>
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            foreach (var process in Running.Values)
            {
                KillQuietly(process);
            }
        };

    private ServerProcess(Process process, string name, string logFile)
    {
        _process = process;
        _name = name;
        LogFile = logFile;
    }

    /// <summary>The process id of the server itself.</summary>
    public int Pid => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it ended with. Only once it has.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The file that takes what it prints, standard error included.</summary>
    public string LogFile { get; }

    /// <summary>
    /// What it printed so far, standard error included. Only while its directory exists.
    /// </summary>
    public string Output => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    /// <summary>Starts a server; returns before it is ready.</summary>
    /// <param name="program">A name as <see cref="ServerBinary"/> finds it, or a path.</param>
    /// <param name="logFile">Takes what it prints, behind what is in it; default: a new file in the
    /// directory.</param>
    public static async Task<ServerProcess> StartAsync(
        string program,
        IEnumerable<string> arguments,
        string workingDirectory,
        IReadOnlyDictionary<string, string>? environment = null,
        string? logFile = null
    )
    {
        var path = ServerBinary.Find(program);
        var name = Path.GetFileName(path);
        var number = Interlocked.Increment(ref _logs).ToString(CultureInfo.InvariantCulture);
        logFile = Path.GetFullPath(logFile ?? Path.Combine(workingDirectory, $"{name}-{number}.log"));
        List<string> command = ["/bin/sh", "-c", Redirect, name, logFile, path, .. arguments];
        if (ServerBinary.TryFind("setsid") is { } setsid)
        {
            command.Insert(0, setsid);
        }

        if (ServerBinary.TryFind("setpriv") is { } setpriv)
        {
            command.InsertRange(0, [setpriv, "--pdeathsig", "KILL", "--"]);
        }

        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = workingDirectory,
            UseShellExecute = false,
        };
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        var server = new ServerProcess(await Starter.StartAsync(start), name, logFile);
        Running[server.Pid] = server._process;
        return server;
    }

    /// <summary>
    /// Waits until the server is ready. A question that cannot connect is asked again.
    /// </summary>
    /// <exception cref="ServerProcessException">It ended, or was not ready in time (default 20 s);
    /// with its output.</exception>
    public async Task ReadyAsync(
        Func<Task<bool>> isReady,
        TimeSpan? deadline = null,
        CancellationToken cancellation = default
    )
    {
        var limit = deadline ?? DefaultDeadline;
        for (var clock = Stopwatch.StartNew(); !await AnswersAsync(isReady); )
        {
            if (HasExited)
            {
                throw new ServerProcessException(
                    $"{_name} ended with {ExitCode} instead of starting. Its output:\n{Tail()}"
                );
            }

            if (clock.Elapsed > limit)
            {
                throw new ServerProcessException(
                    $"{_name} was not ready within {limit.TotalSeconds:0} s. Its output:\n{Tail()}"
                );
            }

            await Task.Delay(Interval, cancellation);
        }
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

    /// <summary>
    /// SIGSTOP: connections stay open, nothing answers. Returns once all its threads stand still.
    /// </summary>
    /// <remarks>kill(2) returns before that: on a busy machine a server of many threads answered
    /// one more question.</remarks>
    public void Stop()
    {
        Signal.Stop(Pid);
        if (!SpinWait.SpinUntil(() => Signal.HasStopped(Pid), DefaultDeadline))
        {
            throw new ServerProcessException($"{_name} goes on after SIGSTOP.");
        }
    }

    /// <summary>SIGCONT.</summary>
    public void Continue() => Signal.Continue(Pid);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            await Kill9Async();
        }

        Running.TryRemove(Pid, out _);
        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(Func<Task<bool>> isReady)
    {
        try
        {
            return await isReady();
        }
        catch (Exception failure) when (failure is SocketException or HttpRequestException or IOException)
        {
            return false;
        }
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

    private string Tail() =>
        Output is { Length: > 0 } output
            ? string.Join('\n', output.TrimEnd().Split('\n').TakeLast(LastWords))
            : "(it printed nothing)";
}

using System.Diagnostics;

namespace ShopCluster.Processes;

/// <summary>
/// A process that ends with this one, whatever ends this one.
/// </summary>
/// <remarks>
/// <para><c>setpriv --pdeathsig KILL</c> makes the kernel kill the child when its parent dies, kill -9 included. "Parent" means the
/// <i>thread</i> that forked (prctl(2), PR_SET_PDEATHSIG): started from a thread of the pool, the child would be killed when
/// the pool retires that thread. All children are therefore started by one thread that lives as long as the process.</para>
/// <para>A shell connects the output to a file and then replaces itself with the program, so that the process id known here is
/// the program's own.</para>
/// </remarks>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly StartingThread Starter = new();
    private static readonly bool CanBindToParent = File.Exists("/usr/bin/setpriv") || File.Exists("/bin/setpriv");

    private readonly Process _process;
    private readonly string _logFile;

    private ChildProcess(Process process, string name, string logFile)
    {
        _process = process;
        _logFile = logFile;
        Name = name;
    }

    /// <summary>What it is called in messages.</summary>
    public string Name { get; }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program with its output in <paramref name="logFile"/>.</summary>
    public static async Task<ChildProcess> StartAsync(string name, string logFile, string program, params string[] arguments)
    {
        const string redirect = """log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null""";
        string[] command = ["/bin/sh", "-c", redirect, name, logFile, program, .. arguments];
        if (CanBindToParent) command = ["setpriv", "--pdeathsig", "KILL", "--", .. command];

        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false };
        return new ChildProcess(await Starter.StartAsync(start), name, logFile);
    }

    /// <summary>kill -9, and waits until the process is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>The last lines of what the program printed.</summary>
    public string LogTail()
    {
        if (!File.Exists(_logFile)) return "(it printed nothing)";
        return string.Join(Environment.NewLine, File.ReadLines(_logFile).TakeLast(12));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }
}

using System.Runtime.InteropServices;

namespace ClusterSession.Processes;

/// <summary>Signals to one process, by its id.</summary>
public static class Signal
{
    private const int SigHup = 1;
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>kill -9: the process ends without a word.</summary>
    public static void Kill(int pid) => Send(pid, SigKill);

    /// <summary>Asks a server to read its configuration again.</summary>
    public static void HangUp(int pid) => Send(pid, SigHup);

    /// <summary>Asks the process to end.</summary>
    public static void Terminate(int pid) => Send(pid, SigTerm);

    /// <summary>Freezes the process: its sockets stay open and silent.</summary>
    public static void Stop(int pid) => Send(pid, SigStop);

    /// <summary>Lets a frozen process go on.</summary>
    public static void Continue(int pid) => Send(pid, SigCont);

    /// <summary>
    /// Whether no thread of it runs, or it has ended. True at once where there is no proc(5).
    /// </summary>
    public static bool HasStopped(int pid)
    {
        var tasks = new DirectoryInfo($"/proc/{pid}/task");
        try
        {
            return !tasks.Exists || tasks.GetDirectories().All(task => StateOf(task) is 'T' or 'Z' or 'X');
        }
        catch (IOException)
        {
            return false; // A thread has ended meanwhile: look again.
        }
    }

    /// <summary>The third field of proc_pid_stat(5); the second is a name in parentheses.</summary>
    private static char StateOf(DirectoryInfo task)
    {
        var status = File.ReadAllText(Path.Combine(task.FullName, "stat"));
        return status[status.LastIndexOf(')') + 2];
    }

    private static void Send(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(pid, 1);
        // ESRCH (3): it has ended already, which is what most callers want.
        if (kill(pid, signal) != 0 && Marshal.GetLastPInvokeError() is var error && error != 3)
        {
            throw new InvalidOperationException($"kill({pid}, {signal}) failed with errno {error}.");
        }
    }

#pragma warning disable SYSLIB1054, CA5392, IDE1006 // a source-generated import would need unsafe code; the name is libc's
    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int sig);
#pragma warning restore SYSLIB1054, CA5392, IDE1006
}

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>
/// Waits for many sockets and one timer on one thread, by epoll and timerfd of Linux.
/// </summary>
/// <remarks>
/// A load generator that takes the processor from what it measures measures itself. With two cores,
/// sockets of .NET with a task for each connection cost as much as the application under test; this
/// loop costs two system calls a request and allocates nothing.
/// <code>
/// struct epoll_event   on x64 packed: events 4, data 8          (12 bytes)
///                      elsewhere:     events 4, pad 4, data 8   (16 bytes)
/// struct itimerspec    interval sec 8, nsec 8, value sec 8, nsec 8
/// </code>
/// </remarks>
internal sealed partial class Epoll : IDisposable
{
    private const int Readable = 1;
    private const int Add = 1;
    private const int Monotonic = 1;
    private const int NonBlocking = 0x800;
    private const int TimerTag = -1;
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private readonly byte[] _events = new byte[EventSize * 256];
    private readonly int _epoll = Check(epoll_create1(0), "epoll_create1");
    private readonly int _timer = Check(timerfd_create(Monotonic, NonBlocking), "timerfd_create");

    public Epoll() => Watch(_timer, TimerTag);

    /// <summary>Watches a socket; <see cref="Wait"/> answers with the tag.</summary>
    public void Watch(int descriptor, int tag)
    {
        Span<byte> wanted = stackalloc byte[EventSize];
        BitConverter.TryWriteBytes(wanted, Readable);
        BitConverter.TryWriteBytes(wanted[(EventSize - 8)..], (long)tag);
        Check(epoll_ctl(_epoll, Add, descriptor, ref wanted[0]), "epoll_ctl");
    }

    /// <summary>Lets <see cref="Wait"/> return after so many nanoseconds.</summary>
    public void WakeAfter(long nanoseconds)
    {
        Span<long> spec = [0, 0, nanoseconds / 1_000_000_000, Math.Max(1, nanoseconds % 1_000_000_000)];
        Check(timerfd_settime(_timer, 0, ref spec[0], 0), "timerfd_settime");
    }

    /// <summary>The tags of sockets that can be read; empty after a second without any.</summary>
    public int Wait(Span<int> tags)
    {
        var count = epoll_wait(_epoll, ref _events[0], Math.Min(tags.Length, 256), 1000);
        if (count < 0)
        {
            return Marshal.GetLastPInvokeError() == 4 ? 0 : Check(count, "epoll_wait");
        }

        Span<byte> expirations = stackalloc byte[8];
        var ready = 0;
        for (var i = 0; i < count; i++)
        {
            var tag = (int)BitConverter.ToInt64(_events, (i * EventSize) + EventSize - 8);
            if (tag == TimerTag)
            {
                _ = read(_timer, ref expirations[0], 8);
            }
            else
            {
                tags[ready++] = tag;
            }
        }

        return ready;
    }

    public static int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        const int NoSignal = 0x4000;
        return (int)send(descriptor, in MemoryMarshal.GetReference(bytes), bytes.Length, NoSignal);
    }

    /// <summary>Bytes read; 0 at the end of the stream, -1 when there are none now.</summary>
    public static int Receive(int descriptor, Span<byte> buffer)
    {
        const int DontWait = 0x40;
        return (int)recv(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length, DontWait);
    }

    public void Dispose()
    {
        _ = close(_timer);
        _ = close(_epoll);
    }

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{call} failed");

#pragma warning disable SYSLIB1054, CA5392 // names as the C library has them; it is found where the process found it
    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, ref byte wanted);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, ref byte events, int most, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_create(int clock, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_settime(int timer, int flags, ref long spec, nint old);

    [LibraryImport("libc")]
    private static partial nint send(int descriptor, in byte bytes, nint length, int flags);

    [LibraryImport("libc")]
    private static partial nint recv(int descriptor, ref byte buffer, nint length, int flags);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, ref byte buffer, nint length);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
#pragma warning restore SYSLIB1054, CA5392
}

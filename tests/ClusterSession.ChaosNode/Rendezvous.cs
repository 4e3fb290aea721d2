using System.Collections.Concurrent;

namespace ClusterSession.ChaosNode;

/// <summary>
/// Lets requests wait for each other between reading the session and writing it, so that a race is
/// not a matter of luck: <c>?meet=name&amp;of=2</c> goes on when two requests of that name have
/// come.
/// </summary>
public sealed class Rendezvous
{
    private readonly ConcurrentDictionary<string, Meeting> _meetings = new();

    public Task MeetAsync(string name, int of, CancellationToken cancellationToken)
    {
        var meeting = _meetings.GetOrAdd(name, _ => new Meeting());
        if (Interlocked.Increment(ref meeting.Come) >= of)
        {
            meeting.Complete.TrySetResult();
        }
        return meeting.Complete.Task.WaitAsync(cancellationToken);
    }

    /// <summary>How many have come so far.</summary>
    public int Come(string name) => _meetings.TryGetValue(name, out var meeting) ? Volatile.Read(ref meeting.Come) : 0;

    private sealed class Meeting
    {
        public int Come;

        public TaskCompletionSource Complete { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// Virtual time: events in the order of their time, on one thread. Everything that the code under
/// test awaits is completed by an event, so that a seed always gives the same run.
/// </summary>
internal sealed class SimWorld(int seed)
{
    private readonly PriorityQueue<Action, (TimeSpan, long)> _events = new();
    private long _sequence;

    public int Seed { get; } = seed;

    public Random Random { get; } = new(seed);

    public TimeSpan Now { get; private set; }

    /// <summary>The last things that happened, for a failing seed.</summary>
    public List<string> Story { get; } = [];

    public void Tell(string what) => Story.Add($"{Now.TotalSeconds, 8:0.000} {what}");

    public void After(TimeSpan delay, Action action) => _events.Enqueue(action, (Now + delay, _sequence++));

    /// <summary>Repeats it for ever.</summary>
    public void Every(TimeSpan period, Action action) => After(period, () =>
        {
            action();
            Every(period, action);
        });

    public void RunUntil(TimeSpan end)
    {
        while (_events.TryPeek(out var action, out var at) && at.Item1 <= end)
        {
            _events.Dequeue();
            Now = at.Item1;
            action();
        }

        Now = end;
    }

    public TimeSpan Draw(double fromSeconds, double toSeconds) =>
        TimeSpan.FromSeconds(fromSeconds + Random.NextDouble() * (toSeconds - fromSeconds));

    public bool Happens(double probability) => Random.NextDouble() < probability;
}

namespace ClusterSession.Stores.Outage;

/// <summary>
/// Runs background work for each partition of a store by itself, one after the other within a
/// partition: what waits for a partition that does not respond holds up no other one. Work begins
/// on the thread that gives it, and is given by one loop.
/// </summary>
internal sealed class PartitionLanes
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Lane> _lanes = []; // under _gate

    /// <summary>
    /// Runs work now, unless work of the partition is running: then nothing happens.
    /// </summary>
    /// <exception cref="AggregateException">Earlier work of the partition has failed.</exception>
    public void RunIfIdle(int partition, Func<Task> work) => Begin(partition, work, isNext: false);

    /// <summary>
    /// Runs work as soon as no other work of the partition runs. Of what comes while other work
    /// runs only the last one is run: it is to look for itself for what there is to do.
    /// </summary>
    /// <exception cref="AggregateException">Earlier work of the partition has failed.</exception>
    public void RunOrQueue(int partition, Func<Task> work) => Begin(partition, work, isNext: true);

    /// <summary>Waits until nothing runs.</summary>
    public async Task WhenIdleAsync()
    {
        Task[] running;
        lock (_gate)
        {
            running = [.. _lanes.Values.Select(static lane => lane.Running)];
        }

        await Task.WhenAll(running).ConfigureAwait(false);
    }

    private void Begin(int partition, Func<Task> work, bool isNext)
    {
        Lane? lane;
        lock (_gate)
        {
            if (!_lanes.TryGetValue(partition, out lane))
            {
                _lanes.Add(partition, lane = new Lane());
            }

            if (lane.Running.Exception is { } failure)
            {
                throw failure; // The caller sees it as if it had done the work itself.
            }

            if (lane.IsRunning)
            {
                lane.Next = isNext ? work : lane.Next;
                return;
            }

            lane.IsRunning = true;
        }

        lane.Running = RunAsync(lane, work);
    }

    private async Task RunAsync(Lane lane, Func<Task> work)
    {
        while (true)
        {
            try
            {
                await work().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The node is shutting down: what is next finds that too.
            }

            lock (_gate)
            {
                if (lane.Next is not { } next)
                {
                    lane.IsRunning = false;
                    return;
                }

                (work, lane.Next) = (next, null);
            }
        }
    }

    private sealed class Lane
    {
        public bool IsRunning;
        public Func<Task>? Next;
        public Task Running = Task.CompletedTask;
    }
}

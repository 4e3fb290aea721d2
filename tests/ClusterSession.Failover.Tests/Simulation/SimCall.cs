namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// A message of an agent and its answer. A frozen agent sends it late, a killed one never; the
/// network loses it, or the answer, or delays it.
/// </summary>
internal static class SimCall
{
    public static ValueTask<T> SendAsync<T>(
        SimCluster cluster,
        SimHost from,
        SimProcess agent,
        Func<bool> isCut,
        Action<Action<T>, Action> serve,
        bool isChange = false,
        TimeSpan lateness = default
    )
    {
        var world = cluster.World;
        var answered = new TaskCompletionSource<T>();
        world.After(world.Draw(0, 0.0005), () =>
        {
            if (isChange)
            {
                from.Leaving();
            }

            agent.Deliver(() => world.After(Delay(cluster) + Late(), () =>
                {
                    if (isCut() || world.Happens(cluster.Loss))
                    {
                        return;
                    }

                    serve(
                        answer => Answer(() => answered.TrySetResult(answer)),
                        () => Answer(() => answered.TrySetException(new IOException("refused")))
                    );
                }));
        });
        return new ValueTask<T>(answered.Task);

        TimeSpan Late() => lateness > TimeSpan.Zero ? world.Draw(0, lateness.TotalSeconds) : TimeSpan.Zero;

        void Answer(Action complete) => world.After(Delay(cluster) + Late(), () =>
            {
                if (!isCut() && !world.Happens(cluster.Loss))
                {
                    agent.Deliver(complete);
                }
            });
    }

    private static TimeSpan Delay(SimCluster cluster) =>
        cluster.World.Happens(cluster.Loss) ? cluster.World.Draw(0.1, 3) : cluster.World.Draw(0.0002, 0.002);
}

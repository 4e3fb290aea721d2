namespace ClusterSession.Histories.Checking;

public readonly record struct TimeWindow(long StartNs, long EndNs)
{
    public bool Overlaps(long startNs, long endNs) => startNs <= EndNs && endNs >= StartNs;
}

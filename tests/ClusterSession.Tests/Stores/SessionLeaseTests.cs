using ClusterSession.Stores;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Stores;

public sealed class SessionLeaseTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Lease_for_a_time_is_current_until_that_is_over_and_never_lost()
    {
        var lease = SessionLease.For(_time, TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal((true, false), (lease.IsCurrent, lease.IsLost));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal((false, false), (lease.IsCurrent, lease.IsLost));
    }

    [Fact]
    public void Lease_for_no_time_is_never_current() => Assert.False(SessionLease.For(_time, TimeSpan.Zero).IsCurrent);

    [Fact]
    public void Lease_names_its_partition_and_epoch_or_the_only_one()
    {
        var lease = SessionLease.For(_time, TimeSpan.FromSeconds(1), partition: 2, epoch: 7);
        Assert.Equal((2, 7), (lease.Partition, lease.Epoch));
        Assert.Equal((0, 0), (SessionLease.Always.Partition, SessionLease.Always.Epoch));
    }
}

using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Etcd.Keys;
using ClusterSession.Failover.Etcd.Leases;
using ClusterSession.Failover.Etcd.Options;
using ClusterSession.Failover.Leases;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;
using Xunit;

namespace ClusterSession.Etcd.Tests.Leases;

/// <summary>What is a renewal, and from when it counts.</summary>
public sealed class LeaseKeeperTests
{
    private const int Epoch = 7;
    private const int Lease = 70;
    private static readonly EtcdOptions Options = ConnectionString.Parse("http://unused");
    private static readonly StoredCluster Held = StoredCluster.None with { Holder = "a", TtlMilliseconds = 3000 };

    private ulong _termOfKeepAlive = 2;
    private ulong _termOfRead = 2;
    private long _life = 3;
    private long _leaseOfKey = Lease;

    [Fact]
    public async Task Keep_alive_and_read_in_one_term_are_a_renewal_counted_from_before_both()
    {
        var clock = new CountingClock();
        var renewed = Assert.IsType<RenewResult.Renewed>(await RenewAsync(clock));
        Assert.Equal((1, TimeSpan.FromSeconds(3)), (renewed.CountedFrom, renewed.Ttl));
    }

    [Fact]
    public async Task Keep_alive_that_a_former_leader_answered_is_no_renewal()
    {
        _termOfRead = 3;
        Assert.Null(await RenewAsync(new CountingClock()));
        _termOfKeepAlive = 3;
        Assert.IsType<RenewResult.Renewed>(await RenewAsync(new CountingClock()));
    }

    [Fact]
    public async Task Keep_alive_of_a_lease_that_is_over_is_no_renewal()
    {
        _life = 0;
        Assert.Null(await RenewAsync(new CountingClock()));
    }

    [Fact]
    public async Task Keep_alive_of_a_lease_that_is_not_the_keys_is_no_renewal()
    {
        var keeper = Keeper(new CountingClock());
        keeper.Keep("north", "a", Epoch, Lease);
        _leaseOfKey = Lease + 1;
        Assert.Null(await RenewAsync(keeper, Epoch));
        Assert.IsType<RenewResult.Renewed>(await RenewAsync(keeper, Epoch));
    }

    [Fact]
    public async Task Key_that_another_grant_made_is_a_lost_lease() =>
        Assert.IsType<RenewResult.Lost>(await RenewAsync(Keeper(new CountingClock()), Epoch - 1));

    [Fact]
    public async Task Life_that_is_shorter_than_the_grant_is_what_the_holder_counts()
    {
        _life = 2;
        var renewed = Assert.IsType<RenewResult.Renewed>(await RenewAsync(new CountingClock()));
        Assert.Equal(TimeSpan.FromSeconds(2), renewed.Ttl);
    }

    private ValueTask<RenewResult?> RenewAsync(TimeProvider clock) => RenewAsync(Keeper(clock), Epoch);

    private static ValueTask<RenewResult?> RenewAsync(LeaseKeeper keeper, long epoch) =>
        keeper.RenewAsync(new ClusterKeys("/shop", "north"), "north", "a", epoch, CancellationToken.None);

    private LeaseKeeper Keeper(TimeProvider clock)
    {
        var server = new EtcdConnection("http://unused", new ScriptedCalls(KeepAlive, Read));
        return new LeaseKeeper(new EtcdClient(Options, [server]), clock);
    }

    private LeaseKeepAliveResponse KeepAlive() =>
        new()
        {
            Header = new ResponseHeader { RaftTerm = _termOfKeepAlive },
            ID = Lease,
            TTL = _life,
        };

    private TxnResponse Read()
    {
        var cluster = new KeyValue { Value = UnsafeByteOperations.UnsafeWrap(Held.Encode()), ModRevision = 9 };
        var grant = new KeyValue { ModRevision = Epoch };
        var lease = new KeyValue { CreateRevision = Epoch, Lease = _leaseOfKey };
        var answer = new TxnResponse { Header = new ResponseHeader { RaftTerm = _termOfRead } };
        foreach (var value in new[] { cluster, grant, lease })
        {
            answer.Responses.Add(new ResponseOp { ResponseRange = new RangeResponse { Kvs = { value } } });
        }

        return answer;
    }

    /// <summary>Each look at it is one later.</summary>
    private sealed class CountingClock : TimeProvider
    {
        private long _looks;

        public override long GetTimestamp() => ++_looks;
    }
}

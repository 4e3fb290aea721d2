using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Tests.Face;
using ClusterSession.Failover.Tracking;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Failover.Tests.Tracking;

/// <summary>What keepalived reads of an agent, and when.</summary>
public sealed class TrackFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(true, 2, 2)]
    [InlineData(true, 100, 100)]
    [InlineData(true, 101, 1)]
    [InlineData(false, 7, TrackFile.NoMaster)]
    [InlineData(false, 0, TrackFile.NoMaster)]
    public void Number_grows_with_the_lease_and_is_a_fault_where_there_is_none(bool isPrimary, long epoch, int value) =>
        Assert.Equal(value, TrackFile.ValueOf(isPrimary, epoch));

    [Fact]
    public void Number_and_priority_of_a_host_make_a_priority_that_a_host_may_have() =>
        Assert.InRange(TrackFile.BasePriority + TrackFile.Values, 1, 254);

    [Fact]
    public async Task Master_has_the_number_of_its_lease_and_its_replica_none()
    {
        await using var site = new FaceSite(null, "a", "b");
        using var a = await TrackAsync(site, "a");
        using var b = await TrackAsync(site, "b");
        Assert.Equal((TrackFile.NoMaster, TrackFile.NoMaster), (Read("a"), Read("b")));
        await RuledAsync(site);
        await site.UntilAsync(() => Read("a") == 1, "the file of a says so");
        Assert.Equal(TrackFile.NoMaster, Read("b"));

        site.Redis["a"].IsDown = true;
        await site.UntilAsync(() => Read("b") == 2, "the file of b says that b is the next master");
        Assert.Equal(TrackFile.NoMaster, Read("a"));
    }

    [Fact]
    public async Task Address_is_given_up_before_the_redis_is_closed()
    {
        await using var site = new FaceSite(null, "a", "b");
        using var a = await TrackAsync(site, "a");
        await RuledAsync(site);
        await site.UntilAsync(() => Read("a") == 1, "the file of a says so");
        int? atClose = null;
        site.Redis["a"].Closing = () => atClose ??= Read("a");
        await site.EditAsync(document =>
            document with
            {
                Switch = new SwitchRequest(
                    new RedisProcess("a", site.Redis["a"].Sight.RunId),
                    "b",
                    1,
                    site.Time.GetUtcNow(),
                    SwitchStep.Wait
                ),
            }
        );
        await site.UntilAsync(() => site.Face("b").Primary().Is, "b rules");
        Assert.Equal(TrackFile.NoMaster, atClose);
    }

    [Fact]
    public async Task Agent_that_stands_still_keeps_the_address_no_longer_than_a_look_is_fresh()
    {
        await using var site = new FaceSite(null, "a", "b");
        using var a = await TrackAsync(site, "a");
        await RuledAsync(site);
        await site.UntilAsync(() => Read("a") == 1, "the file of a says so");
        await site.UntilAsync(() => site.Agent("a").LeaseNow.Left > TimeSpan.FromSeconds(2), "the lease was renewed");
        await site.StopAsync();
        await site.UntilAsync(() => Read("a") == TrackFile.NoMaster, "the file says so though no agent decides");
        Assert.True(site.Agent("a").LeaseNow.Left > TimeSpan.Zero);
    }

    [Fact]
    public async Task Agent_that_is_stopped_gives_the_address_up_and_what_it_decides_later_does_not_count()
    {
        await using var site = new FaceSite(null, "a", "b");
        using var a = await TrackAsync(site, "a");
        await RuledAsync(site);
        await site.UntilAsync(() => Read("a") == 1, "the file of a says so");
        await site.Time.DriveAsync(a.StopAsync(default));
        Assert.Equal(TrackFile.NoMaster, Read("a"));
        await site.LookAgainAsync("a");
        Assert.True(site.Face("a").Primary().Is);
        Assert.Equal(TrackFile.NoMaster, Read("a"));
    }

    [Fact]
    public async Task File_is_written_again_within_a_second_and_a_failure_is_logged_once()
    {
        await using var site = new FaceSite(null, "a", "b");
        using var a = await TrackAsync(site, "a");
        await RuledAsync(site);
        await site.UntilAsync(() => Read("a") == 1, "the file of a says so");
        File.Delete(_directory.File("a"));
        await site.UntilAsync(() => Read("a") == 1, "it is written again");

        Directory.CreateDirectory(_directory.File("a.new")); // In the way of a draft.
        await site.UntilAsync(() => site.Logs.Count("TrackFileFailed") > 0, "the failure is logged");
        await site.LookAgainAsync("a");
        Assert.Equal(1, site.Logs.Count("TrackFileFailed"));
        Directory.Delete(_directory.File("a.new"));
        await site.UntilAsync(() => site.Logs.Count("TrackFileWritten") == 1, "it is written again, and logged");
    }

    private static Task RuledAsync(FaceSite site) =>
        site.UntilAsync(() => site.Face("a").Primary().Is && site.Face("b").Replica(0).Is, "a rules, and b follows");

    /// <summary>What is in it; 0: nothing.</summary>
    private int Read(string member)
    {
        try
        {
            return int.Parse(File.ReadAllText(_directory.File(member)));
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    private async Task<TrackFileService> TrackAsync(FaceSite site, string member)
    {
        var file = new TrackFile(
            _directory.File(member),
            site.Face(member),
            site.Time,
            site.Logs.CreateLogger("ClusterSession.Failover")
        );
        var service = new TrackFileService(file, site.Agent(member), site.Timings.Interval, site.Time);
        await service.StartAsync(default);
        await Condition.HoldsAsync(() => Read(member) != 0, "the file is there");
        return service;
    }
}

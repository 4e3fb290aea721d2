using System.Text;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>Nodes, watches and transactions of one real server.</summary>
public sealed class ZooKeeperClientTests(ZooKeeperFixture fixture) : IClassFixture<ZooKeeperFixture>
{
    [Fact]
    public async Task Node_is_made_read_changed_and_deleted_by_its_version()
    {
        await using var scope = await BelowAsync("/crud");
        var client = scope.Client;
        var made = await client.CreateAsync("/a", "one"u8.ToArray());
        Assert.Equal((ZooKeeperCode.Ok, "/a"), (made.Code, made.Value?.Path));
        Assert.Equal(ZooKeeperCode.NodeExists, (await client.CreateAsync("/a", default)).Code);
        Assert.Equal(ZooKeeperCode.NoNode, (await client.CreateAsync("/b/c", default)).Code);

        var read = await client.GetAsync("/a");
        Assert.Equal("one", Encoding.UTF8.GetString(read.Value!.Data.Span));
        Assert.Equal(made.Value!.Stat, read.Value.Stat);
        Assert.Equal(ZooKeeperCode.BadVersion, (await client.SetAsync("/a", default, 1)).Code);
        var set = await client.SetAsync("/a", "two"u8.ToArray(), 0);
        Assert.Equal((1, made.Value.Stat.Created), (set.Value?.Version, set.Value?.Created));
        Assert.True(set.Value!.Modified > set.Value.Created);

        Assert.Equal(ZooKeeperCode.Ok, (await client.CreateAsync("/a/child", default)).Code);
        Assert.Equal(["child"], (await client.GetChildrenAsync("/a")).Value!.Names);
        Assert.Equal(ZooKeeperCode.NotEmpty, await client.DeleteAsync("/a"));
        Assert.Equal(ZooKeeperCode.Ok, await client.DeleteAsync("/a/child"));
        Assert.Equal(ZooKeeperCode.BadVersion, await client.DeleteAsync("/a", 0));
        Assert.Equal(ZooKeeperCode.Ok, await client.DeleteAsync("/a", 1));
        Assert.Equal(ZooKeeperCode.NoNode, (await client.ExistsAsync("/a")).Code);
        Assert.Equal(ZooKeeperCode.Ok, await client.SyncAsync("/a"));
        Assert.True(client.LastZxid > set.Value.Modified);
    }

    [Fact]
    public async Task Sequential_nodes_get_growing_numbers()
    {
        await using var scope = await BelowAsync("/sequence");
        var paths = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            paths.Add(await scope.CreateAsync("/n-", CreateMode.EphemeralSequential));
        }

        Assert.Equal(["/n-0000000000", "/n-0000000001", "/n-0000000002"], paths);
    }

    [Fact]
    public async Task Ephemeral_node_names_its_session_and_goes_with_it()
    {
        await using var other = await BelowAsync("/ephemeral");
        var scope = Scope("/ephemeral");
        await scope.CreateAsync("/e", CreateMode.Ephemeral);
        var gone = new NodeWatch();
        Assert.Equal(scope.Client.SessionId, (await other.Client.ExistsAsync("/e", gone)).Value?.Owner);
        Assert.Equal(ZooKeeperCode.NoChildrenForEphemerals, (await scope.Client.CreateAsync("/e/child", default)).Code);
        await scope.DisposeAsync();
        Assert.Equal(new NodeEvent(NodeEventKind.Deleted, "/e"), await gone.Fired);
        Assert.Equal(ZooKeeperState.Closed, scope.Client.State);
        Assert.Equal(ZooKeeperCode.Closed, (await scope.Client.GetAsync("/e")).Code);
    }

    [Fact]
    public async Task Watches_fire_once_and_with_what_has_happened()
    {
        await using var scope = await BelowAsync("/watches");
        var client = scope.Client;
        NodeWatch made = new(),
            children = new();
        Assert.Equal(ZooKeeperCode.NoNode, (await client.ExistsAsync("/a", made)).Code);
        Assert.True((await client.GetChildrenAsync("/", children)).IsOk);
        await scope.CreateAsync("/a");
        Assert.Equal(new NodeEvent(NodeEventKind.Created, "/a"), await made.Fired);
        Assert.Equal(new NodeEvent(NodeEventKind.ChildrenChanged, "/"), await children.Fired);

        NodeWatch changed = new(),
            deleted = new();
        await client.GetAsync("/a", changed);
        await client.SetAsync("/a", default);
        Assert.Equal(new NodeEvent(NodeEventKind.DataChanged, "/a"), await changed.Fired);
        await client.ExistsAsync("/a", deleted);
        await client.DeleteAsync("/a");
        Assert.Equal(new NodeEvent(NodeEventKind.Deleted, "/a"), await deleted.Fired);

        var never = new NodeWatch();
        Assert.Equal(ZooKeeperCode.NoNode, (await client.GetAsync("/a", never)).Code);
        Assert.Equal(0, client.WatchCount);
    }

    [Fact]
    public async Task Changes_are_done_together_or_not_at_all()
    {
        await using var scope = await BelowAsync("/multi");
        var client = scope.Client;
        await scope.CreateAsync("/a");
        var done = await client.ChangeAsync([
            new NodeChange.Check("/a", 0),
            new NodeChange.Set("/a", "two"u8.ToArray(), 0),
            new NodeChange.Create("/e", "e"u8.ToArray(), CreateMode.EphemeralSequential),
        ]);
        Assert.True(done.IsOk);
        Assert.Equal("/e0000000001", done.Value[2].Path);

        // All changes of a transaction have its number. What is known of a made node is not told.
        var made = await client.ExistsAsync("/e0000000001");
        Assert.Equal(done.Value[1].Stat?.Modified, made.Value?.Created);
        Assert.Null(done.Value[2].Stat);
        var refused = await client.ChangeAsync([
            new NodeChange.Delete("/a"),
            new NodeChange.Check("/b"),
            new NodeChange.Create("/c", default),
        ]);
        Assert.Equal(ZooKeeperCode.NoNode, refused.Code);
        Assert.Equal(1, (await client.GetAsync("/a")).Value?.Stat.Version);
    }

    [Fact]
    public async Task Nodes_of_a_user_are_for_that_user_alone()
    {
        await using var root = Scope(null);
        await root.Client.EnsureAsync("/users");
        await using var owner = Scope("/users", user: "a");
        await owner.CreateAsync("/mine");
        await using var again = Scope("/users", user: "a");
        Assert.True((await again.Client.GetAsync("/mine")).IsOk);
        await using var other = Scope("/users", user: "b");
        Assert.Equal(ZooKeeperCode.NoAuth, (await other.Client.GetAsync("/mine")).Code);
        Assert.Equal(ZooKeeperCode.NoAuth, (await root.Client.SetAsync("/users/mine", default)).Code);

        // A connection that is made again logs in again.
        again.Client.Disconnect();
        Assert.True((await again.Client.GetAsync("/mine")).IsOk);
    }

    [Fact]
    public async Task Session_that_was_granted_a_shorter_life_is_kept_alive_all_the_same()
    {
        await using var scope = ClientScope.Start(
            options => options.SessionTimeout = TimeSpan.FromHours(1),
            fixture.Server.Endpoint
        );
        await scope.CreateAsync("/alive", CreateMode.Ephemeral);
        Assert.Equal(20 * ZooKeeperServer.Tick, scope.Client.SessionTimeout);
        await using var witness = ClientScope.Start(fixture.Server.Endpoint);
        await using var silent = new SilentSession(fixture.Server.Port);
        await silent.BeginAsync("/silent", TimeSpan.FromHours(1));

        // One that was begun later and gives no signs is over; this one is not.
        await Condition.HoldsAsync(
            async () => (await witness.Client.ExistsAsync("/silent")).Code == ZooKeeperCode.NoNode,
            "the silent session expires"
        );
        Assert.True((await witness.Client.ExistsAsync("/alive")).IsOk);
        Assert.DoesNotContain(ZooKeeperState.Expired, scope.States);
    }

    private ClientScope Scope(string? chroot, string? user = null) =>
        ClientScope.Start(
            options =>
            {
                options.Chroot = chroot;
                options.User = user;
                options.Password = user is null ? null : "secret";
            },
            fixture.Server.Endpoint
        );

    private async Task<ClientScope> BelowAsync(string chroot)
    {
        var scope = Scope(chroot);
        Assert.Equal(ZooKeeperCode.Ok, await scope.Client.EnsureAsync("/"));
        return scope;
    }
}

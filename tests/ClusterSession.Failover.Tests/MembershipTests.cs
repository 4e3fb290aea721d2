using System.Net;
using System.Security.Cryptography.X509Certificates;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Raft;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>Who is a member, who may vote, and who is fed.</summary>
public sealed class MembershipTests
{
    [Fact]
    public async Task Member_with_a_wrong_secret_stays_outside_and_the_others_go_on()
    {
        await using var site = await CoordinationSite.StartAsync();
        await site.StopAsync(2);
        await using var stranger = await CoordinationServer.StartAsync(
            options =>
            {
                site.Set(options, 2);
                options.Secret = "another-secret-altogether";
            },
            site.Addresses[2]
        );
        Assert.IsType<ReadResult.Unreachable>(await stranger.Coordinator.ReadAsync("north"));
        var granted = await CoordinatorSteps.AcquireAsync(site[0].Coordinator, "north", "a", CoordinationSite.Ttl);
        Assert.Equal(1, granted.Epoch);
        Assert.False(stranger.Member.IsLeading);
        Assert.True(site[0].Logs.Count("RequestRefused") + site[1].Logs.Count("RequestRefused") > 0);

        using var client = new HttpClient();
        using var status = await client.GetAsync(new Uri(site.Addresses[0], "/cluster-session/coordination"));
        Assert.Equal(HttpStatusCode.Forbidden, status.StatusCode);
    }

    /// <summary>
    /// The laggard and the wiped member are a majority, and neither has what was acknowledged:
    /// without the gate they elect a leader that has never heard of the epoch.
    /// </summary>
    [Fact]
    public async Task Wiped_member_elects_nobody_until_another_has_filled_it()
    {
        await using var site = await CoordinationSite.StartAsync();
        var laggard = (await site.LeaderAsync() + 1) % 3;
        var wiped = (laggard + 1) % 3;
        var keeper = (laggard + 2) % 3;
        await site.StopAsync(laggard);
        var granted = await CoordinatorSteps.AcquireAsync(site[keeper].Coordinator, "north", "a", CoordinationSite.Ttl);
        await site.StopAsync(keeper);
        await site.StopAsync(wiped);
        site.Wipe(wiped);

        await site.StartAsync(wiped);
        await site.StartAsync(laggard);
        await Condition.HoldsAsync(
            () =>
                site[wiped].Member.IsLeading
                || site[laggard].Member.IsLeading
                || site[wiped].Member.Gate!.Refused >= 10,
            "an election, or ten that came to nothing",
            CoordinationSite.Patience
        );
        Assert.False(site[wiped].Member.IsLeading || site[laggard].Member.IsLeading);
        Assert.False(site[wiped].Member.Gate!.IsOpen);
        Assert.Equal(1, site[wiped].Logs.Count("ServerHasNoData"));

        await site.StartAsync(keeper);
        await site.ReadyAsync();
        Assert.Equal(granted.Epoch, (await CoordinatorSteps.ReadAsync(site[wiped].Coordinator, "north")).Epoch);
        Assert.Equal(1, site[wiped].Logs.Count("ServerVotes"));
    }

    [Fact]
    public async Task Marker_of_a_voter_whose_log_is_gone_does_not_count()
    {
        await using var site = await CoordinationSite.StartAsync();
        await site.StopAsync(0);
        Directory.Delete(Path.Combine(site.DirectoryOf(0), "log"), recursive: true);
        var member = await site.StartAsync(0);
        Assert.Equal(1, member.Logs.Count("ServerHasNoData"));
        await site.ReadyAsync();
    }

    [Fact]
    public async Task Second_process_on_the_directory_of_a_member_does_not_start()
    {
        await using var site = await CoordinationSite.StartAsync();
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            CoordinationServer.StartAsync(
                options => site.Set(options, 0),
                new Uri($"http://127.0.0.1:{FreePort.Next()}"),
                null
            )
        );
        Assert.Contains(site.DirectoryOf(0), refused.Message, StringComparison.Ordinal);
        await site.StopAsync(0);
        await site.StartAsync(0);
        await site.ReadyAsync();
    }

    [Fact]
    public async Task Leader_names_a_member_that_is_away_and_not_one_that_is_back()
    {
        await using var site = await CoordinationSite.StartAsync();
        var leader = site.Running.First(member => member.Member.IsLeading);
        var away = Enumerable.Range(0, 3).First(i => site[i] != leader);
        Assert.Null(site[away].Member.Status().Silent);
        await site.StopAsync(away);
        await Condition.HoldsAsync(
            () => leader.Member.Status().Silent?.Any(one => new Uri(one) == site.Addresses[away]) is true,
            "the leader names it",
            CoordinationSite.Patience
        );
        await site.StartAsync(away);
        await Condition.HoldsAsync(
            () => leader.Member.Status().Silent is null or [],
            "the leader hears it",
            CoordinationSite.Patience
        );
    }

    /// <summary>As with a full disk: the marker cannot be written for a while.</summary>
    [Fact]
    public async Task Member_that_could_not_write_its_marker_says_so_and_votes_later()
    {
        await using var site = new CoordinationSite();
        var marker = Path.Combine(site.DirectoryOf(2), VoteGate.MarkerName);
        Directory.CreateDirectory(marker);
        for (var i = 0; i < site.Addresses.Length; i++)
        {
            await site.StartAsync(i);
        }

        await Condition.HoldsAsync(
            () => site[2].Logs.Count("BackgroundFailed") > 0,
            "the failure is in the log",
            CoordinationSite.Patience
        );
        Assert.False(site[2].Member.Gate!.IsOpen);
        Directory.Delete(marker);
        await site.ReadyAsync();
        Assert.Equal(1, site[2].Logs.Count("ServerVotes"));
    }

    /// <summary>
    /// Its installation of the snapshot takes longer than the leader waits for the reply.
    /// </summary>
    [Fact]
    public async Task Member_that_a_leader_cannot_feed_is_fed_by_the_next()
    {
        var slow = -1;
        await using var site = await CoordinationSite.StartAsync(
            new CoordinationSite
            {
                Configure = (index, options) =>
                {
                    options.SnapshotInterval = 16;
                    options.StallTimeout = TimeSpan.FromSeconds(1);
                    if (index == Volatile.Read(ref slow))
                    {
                        options.BeforeRestore = () => Task.Delay(TimeSpan.FromMilliseconds(800));
                    }
                },
            }
        );
        slow = (await site.LeaderAsync() + 1) % 3;
        await site.StopAsync(slow);
        var coordinator = site.Running.First().Coordinator;
        for (var i = 0; i < 40; i++)
        {
            Assert.IsType<WriteResult.Written>(
                await coordinator.WriteAsync(OperationId.New(), "north", i, new byte[] { 1 })
            );
        }

        site.Wipe(slow);
        await site.StartAsync(slow);
        await site.ReadyAsync();
        Assert.Equal(40, (await CoordinatorSteps.ReadAsync(site[slow].Coordinator, "north")).Version);
        Assert.True(site.Running.Sum(member => member.Logs.Count("LeaderResigns")) > 0, "a leader resigned");
    }

    [Fact]
    public async Task Restarted_members_have_what_was_acknowledged_from_snapshot_and_log()
    {
        await using var site = await CoordinationSite.StartAsync(
            new CoordinationSite { Configure = (_, options) => options.SnapshotInterval = 16 }
        );
        for (var i = 0; i < 50; i++)
        {
            Assert.IsType<WriteResult.Written>(
                await site[i % 3].Coordinator.WriteAsync(OperationId.New(), "north", i, new byte[] { (byte)i })
            );
        }

        for (var i = 0; i < 3; i++)
        {
            await site.StopAsync(i);
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(site.DirectoryOf(i), "snapshots")));
        }

        for (var i = 0; i < 3; i++)
        {
            await site.StartAsync(i);
        }

        await site.ReadyAsync();
        var state = await CoordinatorSteps.ReadAsync(site[0].Coordinator, "north");
        Assert.Equal(50, state.Version);
        Assert.Equal(49, state.Document.Span[0]);
        Assert.All(site.Running, member =>
            Assert.Equal(site[0].Member.Snapshot().ToArray(), member.Member.Snapshot().ToArray())
        );
    }

    /// <summary>The library would write two warnings with each heartbeat.</summary>
    [Fact]
    public async Task Member_that_is_down_does_not_fill_the_log()
    {
        await using var site = await CoordinationSite.StartAsync();
        var leader = await site.LeaderAsync();
        await site.StopAsync((leader + 1) % 3);
        var granted = await CoordinatorSteps.AcquireAsync(site[leader].Coordinator, "north", "a", CoordinationSite.Ttl);
        for (var i = 0; i < 20; i++)
        {
            Assert.IsType<RenewResult.Renewed>(await site[leader].Coordinator.RenewAsync("north", "a", granted.Epoch));
        }

        Assert.DoesNotContain(site.Running.SelectMany(member => member.Logs.All), log =>
            log.Event.Id is 75001 or 74015
        );
        Assert.DoesNotContain(site.Running.SelectMany(member => member.Logs.All), log =>
            log.Text.Contains(CoordinationSite.Secret, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Members_talk_over_tls_and_take_nobody_without_their_certificate()
    {
        using var certificates = new TestCertificates();
        using var own = X509CertificateLoader.LoadPkcs12(
            X509Certificate2
                .CreateFromPemFile(certificates.ServerCertFile, certificates.ServerKeyFile)
                .Export(X509ContentType.Pkcs12),
            null
        );
        await using var site = await CoordinationSite.StartAsync(
            new CoordinationSite("https")
            {
                Configure = (_, options) =>
                {
                    options.CreateHandler = () => Handler(own, hasCertificate: true);
                    options.AcceptCertificate = certificate => certificate?.Thumbprint == own.Thumbprint;
                },
                Host = address =>
                    host =>
                        host.UseKestrelHttpsConfiguration()
                            .ConfigureKestrel(kestrel =>
                                kestrel.Listen(IPAddress.Loopback, address.Port, listen => listen.UseHttps(https =>
                                    {
                                        https.ServerCertificate = own;
                                        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                                        https.AllowAnyClientCertificate();
                                    }))
                            ),
            }
        );
        await CoordinatorSteps.AcquireAsync(site[0].Coordinator, "north", "a", CoordinationSite.Ttl);
        foreach (var hasCertificate in new[] { true, false })
        {
            using var client = new HttpClient(Handler(own, hasCertificate));
            client.DefaultRequestHeaders.Add("X-ClusterSession-Secret", CoordinationSite.Secret);
            using var status = await client.GetAsync(new Uri(site.Addresses[0], "/cluster-session/coordination"));
            Assert.Equal(hasCertificate ? HttpStatusCode.OK : HttpStatusCode.Forbidden, status.StatusCode);
        }
    }

    private static SocketsHttpHandler Handler(X509Certificate2 own, bool hasCertificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            certificate?.GetCertHashString() == own.Thumbprint;
        if (hasCertificate)
        {
            handler.SslOptions.ClientCertificates = [own];
        }

        return handler;
    }
}

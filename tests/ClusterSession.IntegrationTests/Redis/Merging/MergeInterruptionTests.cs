using ClusterSession.Records;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Merging;
using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Merging;

/// <summary>
/// What stops a merge, what it says before it begins, and what another one does then.
/// </summary>
public sealed class MergeInterruptionTests(ITestOutputHelper output) : IAsyncLifetime
{
    private MergeSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await MergeSite.StartAsync();

    public async ValueTask DisposeAsync() => await _site.DisposeAsync();

    [Fact]
    public async Task Foreign_keys_are_counted_and_named_before_anything_is_written()
    {
        await _site.CreateAsync(_site.StoreA, "a", "1");
        await _site.A.CommandAsync("SET", "other:thing", "1");
        await _site.A.CommandAsync("SET", "cs:1:{not a session}", "1");
        await _site.A.CommandAsync("SET", "cs:1:lease", "1");
        await _site.A.CommandAsync("EVAL", "for i = 1, 20 do redis.call('SET', 'queue:' .. i, 1) end", "0");
        await _site.A.CommandAsync("EVAL", "redis.call('SELECT', 3) redis.call('SET', 'elsewhere', 1)", "0");
        MergeProgress? first = null;
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _site.MergeAsync(
                told =>
                {
                    first ??= told;
                    cancel.Cancel();
                },
                cancellation: cancel.Token
            )
        );
        Assert.Equal("0", await MergeSite.SessionsAsync(_site.B));
        Assert.Equal(MergePhase.Documents, first!.Phase);
        Assert.Equal((1, 23), (first.Expected, first.SoFar.ForeignKeys));
        Assert.Equal(10, first.SoFar.ForeignNames.Count);
        Assert.All(first.SoFar.ForeignNames, static name =>
            Assert.True(
                name.StartsWith("queue:", StringComparison.Ordinal)
                    || name is "other:thing" or "cs:1:{not a session}" or "database 3 (1 key)",
                name
            )
        );
        Assert.Contains("database 3 (1 key)", first.SoFar.ForeignNames);
        var report = await _site.MergeAsync();
        Assert.Equal((23, 1), (report.ForeignKeys, report.New));
        Assert.Equal("1", await MergeSite.SessionsAsync(_site.B));
    }

    [Fact]
    public async Task Repeated_merge_and_dry_run_write_nothing()
    {
        await FillAsync(40);
        var before = await MergeSite.WritesAsync(_site.B);
        _site.Settings = _site.Settings with { IsDryRun = true };
        var dry = await _site.MergeAsync();
        Assert.Equal(before, await MergeSite.WritesAsync(_site.B));
        Assert.True(dry is { Merged: > 0, New: > 0, Ended: > 0, Elements: > 0 }, dry.ToString());

        _site.Settings = _site.Settings with { IsDryRun = false };
        var wet = await _site.MergeAsync();
        Assert.Equal(
            (dry.Merged, dry.New, dry.Ended, dry.Elements, dry.SkippedEnded),
            (wet.Merged, wet.New, wet.Ended, wet.Elements, wet.SkippedEnded)
        );
        var after = await MergeSite.WritesAsync(_site.B);
        var again = await _site.MergeAsync();
        Assert.Equal((0, after), (again.Written, await MergeSite.WritesAsync(_site.B)));
    }

    [Fact]
    public async Task Merge_interrupted_anywhere_and_begun_again_comes_to_the_same()
    {
        var all = await FillAsync(600);
        var expected = all.ToDictionary(static one => one.Key, static one => one.Expected);
        var living = all.Where(static one => !one.IsEnded).Select(static one => one.Key).ToList();
        var seed = Random.Shared.Next(1_000_000);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var interrupted = 0;
        for (var run = 0; run < 40; run++)
        {
            // The source is in use, and has more each time.
            foreach (var key in living.OrderBy(_ => random.Next()).Take(10))
            {
                await _site.CommitAsync(_site.StoreA, key, $"x{run}", "1");
                expected[key] += $" x{run}=1";
            }

            using var cancel = new CancellationTokenSource();
            var (at, isKilled) = (random.Next(1, 8), random.Next(2) == 0);
            Task? killing = null;
            try
            {
                await _site.MergeAsync(
                    _ =>
                    {
                        if (--at == 0 && isKilled)
                        {
                            killing = _site.B.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
                        }
                        else if (at == 0)
                        {
                            cancel.Cancel();
                        }
                    },
                    cancellation: cancel.Token
                );
            }
            catch (OperationCanceledException)
            {
                interrupted++;
            }
            catch (Exception failure)
                when (failure is MergeInterruptedException { Reason: MergeFailure.TargetUnreachable })
            {
                interrupted++;
            }

            await (killing ?? Task.CompletedTask);
        }

        Assert.True(interrupted >= 5, $"Only {interrupted} were interrupted (seed {seed}).");
        await _site.MergeAsync();
        foreach (var (key, text) in expected)
        {
            var has = await MergeSite.TextAsync(_site.StoreB, key);
            Assert.Equal(string.Join(' ', text.Split(' ').Order()), string.Join(' ', has.Split(' ').Order()));
        }
    }

    [Fact]
    public async Task Two_merges_at_once_come_to_the_same_as_one()
    {
        var all = await FillAsync(600);
        var reports = await Task.WhenAll(_site.MergeAsync(), _site.MergeAsync());
        foreach (var (key, text, _) in all)
        {
            var has = await MergeSite.TextAsync(_site.StoreB, key);
            Assert.Equal(string.Join(' ', text.Split(' ').Order()), string.Join(' ', has.Split(' ').Order()));
        }

        Assert.All(reports, static report => Assert.Equal(0, report.LeftOut));
        Assert.Equal(0, (await _site.MergeAsync()).Written);
    }

    [Fact]
    public async Task Lease_that_moves_during_a_merge_stops_it_with_a_name()
    {
        await FillAsync(600);
        var runId = await _site.B.InfoAsync("server", "run_id");
        var lease = new Tenure(runId, 3);
        await _site.B.CommandAsync("SET", "cs:1:lease", LeaseRecord.Text(lease));
        Task<string>? moving = null;
        var stopped = await Assert.ThrowsAsync<MergeInterruptedException>(async () =>
        {
            while (true)
            {
                // The same process under another epoch: it may have followed another one in
                // between.
                await _site.MergeAsync(
                    told =>
                        moving ??=
                            told.Phase == MergePhase.Documents
                                ? _site.B.CommandAsync("SET", "cs:1:lease", LeaseRecord.Text(new Tenure(runId, 4)))
                                : null,
                    lease
                );
            }
        });
        Assert.Equal(MergeFailure.Fenced, stopped.Reason);
        await moving!;
        var refused = await Assert.ThrowsAsync<MergeRefusedException>(() => _site.MergeAsync(lease: lease));
        Assert.Equal(MergeFailure.Fenced, refused.Reason);
        var report = await _site.MergeAsync(); // By the lease that it shows.
        Assert.Equal((4, runId), (report.TargetEpoch, report.TargetRunId));
    }

    [Fact]
    public async Task Closed_target_replica_other_process_and_the_source_itself_are_refused_with_a_name()
    {
        await FillAsync(4);
        var writes = await MergeSite.WritesAsync(_site.B);
        var stranger = new Tenure(new string('a', LeaseRecord.RunIdLength), 1);
        Assert.Equal(MergeFailure.AnotherProcess, await ReasonAsync(() => _site.MergeAsync(lease: stranger)));
        var own = new Tenure(await _site.B.InfoAsync("server", "run_id"), 1);
        Assert.Equal(MergeFailure.Fenced, await ReasonAsync(() => _site.MergeAsync(lease: own)));
        Assert.Equal(writes, await MergeSite.WritesAsync(_site.B));
        await _site.B.CommandAsync("SET", "cs:1:lease", LeaseRecord.Text(stranger));
        Assert.Equal(MergeFailure.Fenced, await ReasonAsync(() => _site.MergeAsync()));
        await _site.B.CommandAsync("REPLICAOF", _site.A.Host, $"{_site.A.Port}");
        Assert.Equal(MergeFailure.NotMaster, await ReasonAsync(() => _site.MergeAsync()));
        await _site.A.Process.TerminateAsync();
        Assert.Equal(MergeFailure.SourceUnreachable, await ReasonAsync(() => _site.MergeAsync()));
        var both = ClusterSession.Redis.RedisOptions.Parse(_site.B.ConnectionString);
        Assert.Equal(
            MergeFailure.NotMaster,
            await ReasonAsync(() =>
                RedisMerge.RunAsync(new MergeSource(both), new MergeTarget(both), _site.Settings, null, default)
            )
        );
        await _site.B.CommandAsync("REPLICAOF", "NO", "ONE");
        Assert.Equal(
            MergeFailure.SameServer,
            await ReasonAsync(() =>
                RedisMerge.RunAsync(new MergeSource(both), new MergeTarget(both), _site.Settings, null, default)
            )
        );
    }

    [Fact]
    public async Task Replicas_that_were_asked_for_have_all_of_it_also_where_a_former_merge_wrote_it()
    {
        await FillAsync(40);
        await using var replica = await RedisServer.StartAsync();
        await replica.CommandAsync("REPLICAOF", _site.B.Host, $"{_site.B.Port}");
        await replica.HasAllOfAsync(_site.B);
        _site.Settings = _site.Settings with { Replicas = 1 };
        Assert.Equal(1, (await _site.MergeAsync()).Replicas);
        Assert.Equal(await _site.B.CommandAsync("DBSIZE"), await replica.CommandAsync("DBSIZE"));
        Assert.Equal(1, (await _site.MergeAsync()).Replicas);
        await replica.Process.TerminateAsync();
        _site.Settings = _site.Settings with { ReplicaTimeout = TimeSpan.FromMilliseconds(300) };
        Assert.Equal(0, (await _site.MergeAsync()).Replicas);
    }

    /// <summary>Sessions of every fate, and what they must be at the target then.</summary>
    private async Task<List<(SessionKey Key, string Expected, bool IsEnded)>> FillAsync(int count)
    {
        var all = new List<(SessionKey, string, bool)>();
        var common = new List<SessionKey>();
        for (var i = 0; i < count; i++)
        {
            common.Add(await _site.CreateAsync(_site.StoreA, "a", $"{i}"));
        }

        await _site.PartAsync();
        for (var i = 0; i < count; i++)
        {
            switch (i % 8)
            {
                case 0:
                    await _site.CommitAsync(_site.StoreA, common[i], "x", "A");
                    await _site.CommitAsync(_site.StoreB, common[i], "y", "B");
                    all.Add((common[i], $"a={i} x=A y=B", false));
                    break;
                case 1:
                    await _site.EndAsync(_site.StoreA, common[i]);
                    all.Add((common[i], "ended", true));
                    break;
                case 2:
                    await _site.EndAsync(_site.StoreB, common[i]);
                    all.Add((common[i], "ended", true));
                    break;
                case 3:
                    all.Add((await _site.CreateAsync(_site.StoreA, "n", $"{i}"), $"n={i}", false));
                    break;
                default:
                    all.Add((common[i], $"a={i}", false));
                    break;
            }
        }

        var element = new DocumentElement(new byte[] { 1 }, 1, new byte[] { 2 }, MergeSite.Life);
        await _site.StoreA.MergeDocumentAsync("revocations", [element], MergeSite.Life, default);
        return all;
    }

    private static async Task<MergeFailure> ReasonAsync(Func<Task> merge) =>
        (await Assert.ThrowsAsync<MergeRefusedException>(merge)).Reason;
}

using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    private const int Steps = 400;

    /// <summary>How many sequences are run; each with a seed of its own.</summary>
    protected virtual int Sequences => 3;

    [Fact]
    public async Task Generated_sequences_of_operations_give_what_the_model_gives()
    {
        var first = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED") is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        for (var seed = first; seed < first + Sequences; seed++)
        {
            var sequence = new Sequence(this, new Random(seed));
            try
            {
                await sequence.RunAsync();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"With CLUSTERSESSION_SEED={seed}: {failure.Message}\n{sequence.Story}", failure);
            }
        }
    }

    /// <summary>
    /// Random operations on three sessions through two nodes, each compared with the model at once.
    /// </summary>
    private sealed class Sequence(SessionStoreConformance suite, Random random)
    {
        private static readonly string[] Names = ["", "a", "b", "c", "é", "m", "x\0y"];
        private readonly Dictionary<SessionKey, ModelSession> _models = Enumerable.Range(0, 3).ToDictionary(_ => SessionKeys.New(), _ => new ModelSession());
        private readonly Dictionary<SessionKey, List<ModelSession>> _past = [];
        private readonly Dictionary<SessionKey, List<SessionChange>> _sent = [];
        private readonly Dictionary<long, long> _issued = [];
        private readonly List<string> _story = [];

        /// <summary>The last operations, for a failure's message.</summary>
        public string Story => string.Join('\n', _story.TakeLast(20));

        public async Task RunAsync()
        {
            for (var step = 0; step < Steps; step++)
            {
                var key = _models.Keys.ElementAt(random.Next(_models.Count));
                var (store, other) = random.Next(2) == 0 ? (suite.A, suite.B) : (suite.B, suite.A);
                var model = _models[key];
                Past(key).Add(model.Clone());
                await StepAsync(key, model, store);
                await CompareAsync(key, model, other);
                if (model.IsDestroyed && random.Next(8) == 0)
                {
                    _models.Remove(key);
                    _models.Add(SessionKeys.New(), new ModelSession());
                }
            }
        }

        private async Task StepAsync(SessionKey key, ModelSession model, IClusterSessionStore store)
        {
            switch (random.Next(100))
            {
                case < 45:
                    var change = NewChange(key, model);
                    Sent(key).Add(change);
                    await CheckAsync($"commit {change.Version} on {change.Base}", model.Commit(change), store.CommitAsync(key, change, default));
                    break;
                case < 60 when Sent(key).Count > 0:
                    var again = Sent(key)[^random.Next(1, Math.Min(4, Sent(key).Count) + 1)];
                    await CheckAsync($"commit {again.Version} again", model.Commit(again), store.CommitAsync(key, again, default));
                    break;
                case < 85:
                    var copy = NewCopy(key);
                    await CheckAsync($"merge {copy.Mode} {copy.Record.Version} as {copy.Version}", model.Merge(copy), store.MergeAsync(key, copy, default));
                    break;
                case < 95:
                    var touch = await store.TouchAsync(key, Long, leastLife: 2 * Long, default);
                    Assert.Equal(model.IsDestroyed ? StoreTouch.Destroyed : model.Exists ? StoreTouch.Touched(model.Version) : StoreTouch.Missing, touch);
                    break;
                case < 98:
                    await CheckOfAsync(key, model, store);
                    break;
                default:
                    var end = suite.Versions.Next();
                    await CheckAsync($"end {end}", model.Destroy(end), store.DestroyAsync(key, new SessionEnd(end), Long, default));
                    break;
            }
        }

        /// <summary>Reads with a version that is known, and with one that is not.</summary>
        private static async Task CheckOfAsync(SessionKey key, ModelSession model, IClusterSessionStore store)
        {
            var read = await store.ReadAsync(key, model.Version, default);
            Assert.Equal(
                model.IsDestroyed ? StoreReadOutcome.Destroyed : model.Exists ? StoreReadOutcome.Unchanged : StoreReadOutcome.Missing, read.Outcome);
        }

        private async Task CheckAsync(string what, (WriteOutcome Outcome, SessionVersion? Previous) expected, ValueTask<StoreWrite> asked)
        {
            _story.Add($"{what} -> {expected.Outcome}");
            var answer = await asked;
            Assert.Equal(expected.Outcome, answer.Outcome);
            if (expected.Previous is { } previous)
            {
                Assert.Equal(previous, answer.Previous);
            }
        }

        private static async Task CompareAsync(SessionKey key, ModelSession model, IClusterSessionStore store)
        {
            var read = await store.ReadAsync(key, SessionVersion.None, default);
            Assert.Equal(model.IsDestroyed ? StoreReadOutcome.Destroyed : model.Exists ? StoreReadOutcome.Found : StoreReadOutcome.Missing, read.Outcome);
            if (read.Record is not null)
            {
                Assert.Equal(model.ToString(), ModelSession.TextOf(read.Record));
            }
        }

        private SessionChange NewChange(SessionKey key, ModelSession model)
        {
            var delta = new SessionDelta();
            for (var i = random.Next(4); i > 0; i--)
            {
                var name = Names[random.Next(Names.Length)];
                if (random.Next(4) == 0)
                {
                    delta.Remove(name);
                }
                else
                {
                    delta.Set(name, Value());
                }
            }

            var on = random.Next(3) == 0 ? Past(key)[random.Next(Past(key).Count)].Version : model.Version;
            var opened = random.Next(4) > 0 && model.Exists ? model.Sketch().Build() : null;
            var (version, after) = NewVersion();
            return new SessionChange(
                on, version, delta, random.Next(5) == 0 ? [Names[random.Next(Names.Length)]] : [], Long, Long,
                MustBeBase: random.Next(4) == 0, PreviousStamp: after, Opened: opened);
        }

        /// <summary>
        /// A copy as some node could hold it: an earlier state of the session, and perhaps commits
        /// that the store lost.
        /// </summary>
        private SessionMerge NewCopy(SessionKey key)
        {
            var base_ = Past(key)[random.Next(Past(key).Count)];
            var lost = NewVersion();
            var sketch = base_.Exists && random.Next(2) == 0 ? base_.Sketch() : Losing(base_, lost);
            var mode = (MergeMode)random.Next(3);
            var on = mode == MergeMode.Amend ? Past(key)[random.Next(Past(key).Count)].Version : SessionVersion.None;
            var (version, after) = NewVersion();
            return new SessionMerge(
                sketch.Build(), version, mode, Long, MustContain: on, PreviousStamp: after,
                IsPartial: mode == MergeMode.Amend && random.Next(2) == 0);
        }

        private RecordSketch Losing(ModelSession from, (SessionVersion Version, long After) commit)
        {
            var lost = commit.Version;
            var sketch = from.Sketch(commit);
            var name = Names[random.Next(Names.Length)];
            return random.Next(4) == 0 ? sketch.Without(name, lost) : sketch.With(name, Value(), lost);
        }

        private byte[] Value()
        {
            var value = new byte[random.Next(3) == 0 ? random.Next(200, 400) : random.Next(8)];
            random.NextBytes(value);
            return value;
        }

        /// <summary>
        /// Mostly the newest of all; sometimes one from a clock that is behind those of others. The
        /// stamps of one writer rise: else an interval would claim a commit that comes later.
        /// </summary>
        private (SessionVersion Version, long After) NewVersion()
        {
            var version = suite.Versions.Next(random.Next(2) == 0 ? random.Next(1, 4) : random.Next(1, 200));
            var before = _issued.GetValueOrDefault(version.Writer);
            var behind = new SessionVersion(version.Stamp - (random.Next(1, 40) * 10L) - 5, version.Writer);
            var isBehind = random.Next(6) == 0 && behind.Stamp > before;
            version = isBehind ? behind : version;
            _issued[version.Writer] = version.Stamp;
            return (version, isBehind || random.Next(3) == 0 ? -1 : before);
        }

        private List<ModelSession> Past(SessionKey key) => _past.TryGetValue(key, out var past) ? past : _past[key] = [];

        private List<SessionChange> Sent(SessionKey key) => _sent.TryGetValue(key, out var sent) ? sent : _sent[key] = [];
    }
}

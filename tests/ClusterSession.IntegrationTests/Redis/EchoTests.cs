using System.Text;
using ClusterSession.IntegrationTests.Redis.Connection;
using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// What a server pushes to the connection that has written, for every answer of every script: one
/// push of the key right behind an answer that says that it has written, and none behind one that
/// does not.
/// </summary>
public sealed class EchoTests : IAsyncLifetime
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly SessionVersion First = new(1_000, 1);
    private static readonly SessionVersion Second = new(2_000, 1);
    private static readonly SessionVersion Third = new(2_500, 2);
    private static readonly SessionVersion Own = new(3_000, 1);
    private readonly RedisKeys _keys = new("cs");
    private readonly CopyLeases _leases = new(Life);
    private RedisServer _redis = null!;
    private RedisConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(new RedisServerOptions { Config = ["enable-debug-command yes"] });
        _connection = await Connect.ToAsync(_redis);

        // What has expired goes when a script looks at it.
        await _redis.CommandAsync("DEBUG", "SET-ACTIVE-EXPIRE", "0");
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Every_answer_of_every_script_on_a_session_says_whether_one_push_follows_it()
    {
        var answers = new SortedSet<string>(StringComparer.Ordinal);
        var expired = 0;
        foreach (var state in Enum.GetValues<State>())
        {
            foreach (var (name, make) in Requests())
            {
                foreach (var moment in Enum.GetValues<Moment>())
                {
                    var key = SessionKeys.New();
                    using var link = await TrackedLink.ConnectAsync(_redis);
                    await PutAsync(state, key);
                    await BeforeAsync(moment, link, key);
                    if (state == State.Expired)
                    {
                        await _redis.CommandAsync("DEBUG", "SLEEP", "0.06");
                    }

                    var request = make(key);
                    var (answer, before, after) = await link.AskAsync(Connected(request));
                    var echo = request.HasEchoOf(Encoding.UTF8.GetBytes(KeyOf(key)));
                    answers.Add($"{name.Split(' ')[0]} {LetterOf(answer)}");
                    var what =
                        $"{name}, {state}, {moment}: {answer}, pushes: {before.Count} before, {after.Count} after it";
                    Assert.True(before.Count == 0 && after.All(pushed => pushed == KeyOf(key)), what);

                    // One more where a commit finds late that the life is too short, and of a
                    // session that expires in the script.
                    var more = after.Count - (echo ? 1 : 0);
                    var mayExpire = state == State.Expired && moment == Moment.Tracked;
                    var isShort =
                        state is State.Short or State.WithoutEnd
                        && request is CommitRequest
                        && echo
                        && name != "commit that prolongs";
                    expired += mayExpire ? more : 0;
                    Assert.True(mayExpire ? more is 0 or 1 : more == (isShort ? 1 : 0), what);

                    // Tracked from then on, whatever was answered: what another one changes is
                    // pushed.
                    await _redis.CommandAsync("HSET", KeyOf(key), "other", "2");
                    var touch = new TouchRequest(_keys, SessionKeys.New(), Life, Life);
                    var (_, pushed, _) = await link.AskAsync(Connected(touch));
                    Assert.True(pushed.Count == 1 && pushed[0] == KeyOf(key), $"{what}; of another's: {pushed.Count}");
                }
            }
        }

        Assert.NotEqual(0, expired);
        Assert.Equal(
            "commit A,commit B,commit C,commit D,commit L,commit M,commit R,commit S,destroy C,destroy D,destroy R,destroy S,merge C,"
                + "merge D,merge L,merge M,merge S,merge U,merge W,merge X,read *,read :,touch D,touch K,touch M,touch T",
            string.Join(',', answers)
        );
    }

    [Fact]
    public async Task Every_answer_of_the_scripts_on_a_document_says_whether_one_push_of_it_follows()
    {
        var key = _keys.Document("names");
        using var link = await TrackedLink.ConnectAsync(_redis);
        Assert.True(await MergeAsync(1, Life)); // Made.
        Assert.False(await MergeAsync(1, Life));
        Assert.True(await MergeAsync(2, Life));
        Assert.True(await MergeAsync(2, 4 * Life, "another"));
        Assert.True(await MergeAsync(0, Life, life: 100 * Life)); // Prolonged only.
        Assert.False(await MergeAsync(0, Life));
        Assert.True(await MergeAsync(1, TimeSpan.FromMilliseconds(1), "brief"));
        await Condition.HoldsAsync(() => MergeAsync(0, Life), "what is over is removed");
        Assert.False(await MergeAsync(0, Life));

        var read = Read();
        Assert.Empty((await link.AskAsync(read)).After);
        Assert.False(read.HasEchoOf(key));
        await _redis.CommandAsync("PEXPIRE", Encoding.UTF8.GetString(key), "1000000");
        Assert.Single((await link.AskAsync(Read())).Before);

        ReadDocumentRequest Read() =>
            new(_keys, key, DocumentPosition.None, _leases) { Connection = _connection, IsSentWhole = true };

        async Task<bool> MergeAsync(long rank, TimeSpan elementLife, string id = "one", TimeSpan? life = null)
        {
            var element = new DocumentElement(Encoding.UTF8.GetBytes(id), rank, new byte[] { 1 }, elementLife);
            var request = new MergeDocumentRequest(
                _keys,
                key,
                _keys.DocumentPlaces("names"),
                [element],
                life ?? Life,
                77,
                _leases
            )
            {
                Connection = _connection,
                IsSentWhole = true,
            };
            var (_, before, after) = await link.AskAsync(request);
            Assert.Empty(before);
            Assert.Equal(request.HasEchoOf(key) ? 1 : 0, after.Count(pushed => pushed == Encoding.UTF8.GetString(key)));
            return request.HasEchoOf(key);
        }
    }

    [Fact]
    public async Task Refused_script_announces_no_push()
    {
        var key = SessionKeys.New();
        using var link = await TrackedLink.ConnectAsync(_redis);
        await PutAsync(State.Live, key);
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        var commit = Commit(key, Second, Own, Life / 2);
        var (answer, before, after) = await link.AskAsync(Connected(commit));
        Assert.StartsWith("-OOM", answer);
        Assert.True(!commit.HasEchoOf(Encoding.UTF8.GetBytes(KeyOf(key))) && before.Count == 0 && after.Count == 0);
    }

    private enum State
    {
        Missing,
        Expired,
        Live,
        Short,
        WithoutEnd,
        Removed,
        Own,
        Ended,
        EndedElsewhere,
        Former,
    }

    /// <summary>What the connection knows of the key before, and what another one does.</summary>
    private enum Moment
    {
        Untracked,
        Tracked,
        ChangedByAnother,
    }

    private static string KeyOf(SessionKey key) => $"cs:1:{{{key}}}";

    private static char LetterOf(string answer) =>
        answer[0] == '$' ? answer[answer.IndexOf('\n', StringComparison.Ordinal) + 1] : answer[0];

    private T Connected<T>(T request)
        where T : IRedisRequest
    {
        ((IScriptRequest)request).IsSentWhole = true;
        if (request is StoreRequest<StoreWrite> write)
        {
            write.Connection = _connection;
        }
        else if (request is StoreRequest<StoreRead> read)
        {
            read.Connection = _connection;
        }

        return request;
    }

    private IEnumerable<(string Name, Func<SessionKey, IRedisRequest> Make)> Requests()
    {
        yield return ("commit", key => Commit(key, Second, Own, Life / 2));
        yield return ("commit that prolongs", key => Commit(key, Second, Own, Life));
        yield return ("commit on another base", key => Commit(key, new SessionVersion(1_500, 3), Own, Life / 2));
        yield return ("commit that others have followed", key =>
            Commit(key, First, new SessionVersion(1_200, 3), Life / 2)
        );
        yield return ("commit on its base alone", key => Commit(key, First, Own, Life / 2, mustBeBase: true));
        yield return ("commit that makes it too large", key =>
            Commit(key, new SessionVersion(1_500, 3), Own, Life / 2, most: 1, name: "b")
        );
        yield return ("commit that forgets", key => Commit(key, Third, Own, Life / 2, forgotten: ["gone", "never"]));
        yield return ("merge create", key => Merge(key, MergeMode.Create, Life, Own, Own));
        yield return ("merge create again", key => Merge(key, MergeMode.Create, Life, Second, First, Second));
        yield return ("merge restore", key => Merge(key, MergeMode.Restore, Life, Own, Third));
        yield return ("merge restore the same", key => Merge(key, MergeMode.Restore, Life / 2, Own, First));
        yield return ("merge restore the same for longer", key => Merge(key, MergeMode.Restore, 2 * Life, Own, First));
        yield return ("merge too late", key => Merge(key, MergeMode.Restore, Life, First, new SessionVersion(900, 4)));
        yield return ("merge amend", key => Merge(key, MergeMode.Amend, Life, Own, Third));
        yield return ("merge amend what is not there", key =>
            Merge(key, MergeMode.Amend, Life, Own, Third, must: new SessionVersion(10, 9))
        );
        yield return ("merge that no reply could hold", key =>
            Merge(key, MergeMode.Restore, Life, Own, Third, bytes: 70_000, most: 128 * 1024)
        );
        yield return ("destroy", key => Destroy(key, new SessionEnd(Own)));
        yield return ("destroy once more", key => Destroy(key, new SessionEnd(new SessionVersion(3_100, 1))));
        yield return ("destroy one version", key => Destroy(key, new SessionEnd(Own, MustBe: First)));
        yield return ("touch", key => new TouchRequest(_keys, key, 2 * Life, 2 * Life));
        yield return ("touch of what lives", key => new TouchRequest(_keys, key, Life, Life / 2));
        yield return ("read", key => new ReadRequest(_keys, key, SessionVersion.None, _leases));
        yield return ("read unless known", key => new ReadRequest(_keys, key, Second, _leases));
    }

    private CommitRequest Commit(
        SessionKey key,
        SessionVersion @base,
        SessionVersion version,
        TimeSpan least,
        bool mustBeBase = false,
        string[]? forgotten = null,
        long most = 0,
        string name = "a"
    )
    {
        var delta = new SessionDelta();
        delta.Set(name, new byte[most > 0 ? 70_000 : 1]);
        var change = new SessionChange(
            @base,
            version,
            delta,
            forgotten ?? [],
            Life,
            least,
            MustBeBase: mustBeBase,
            PreviousStamp: Second.Stamp,
            MaxBytes: most
        );
        return new CommitRequest(_keys, key, change, _leases);
    }

    private MergeRequest Merge(
        SessionKey key,
        MergeMode mode,
        TimeSpan life,
        SessionVersion version,
        SessionVersion commit,
        SessionVersion? second = null,
        SessionVersion? must = null,
        int bytes = 1,
        int most = int.MaxValue
    )
    {
        var sketch = second is { } newest ? RecordSketch.At(newest, commit) : RecordSketch.At(commit);
        var copy = new SessionMerge(
            sketch.With("a", new byte[bytes], commit).Build(),
            version,
            mode,
            life,
            MustContain: must ?? First
        );
        return new MergeRequest(_keys, key, copy, _leases, most);
    }

    private DestroyRequest Destroy(SessionKey key, SessionEnd end) => new(_keys, key, end, Life, _leases);

    private async Task PutAsync(State state, SessionKey key)
    {
        if (state == State.Missing)
        {
            return;
        }

        var header = state switch
        {
            State.Former => "'\\1\\0' .. I8 .. '\\2' .. v(2000, 1) .. v(1000, 1)",
            State.Ended => "'\\2\\1' .. I8 .. v(3000, 1) .. ('\\0'):rep(21)",
            State.EndedElsewhere => "'\\2\\1' .. I8 .. v(2000, 7) .. ('\\0'):rep(21)",
            State.Own => "'\\2\\0' .. I8 .. v(3000, 1) .. v(2000, 1) .. ('\\0'):rep(8) .. i(0, 3000, 1)",
            State.Removed =>
                "'\\2\\0' .. I8 .. v(2500, 2) .. v(2000, 1) .. ('\\0'):rep(8) .. i(0, 2000, 1) .. i(2400, 2500, 2)",
            _ => "'\\2\\0' .. I8 .. v(2000, 1) .. v(1000, 1) .. ('\\0'):rep(8) .. i(0, 2000, 1)",
        };
        var life = state switch
        {
            State.Expired => 50,
            State.Short => 600_000,
            _ => (long)Life.TotalMilliseconds,
        };
        var text =
            "local function v(s, w) return struct.pack('>I7I6', s, w) end "
            + "local function i(a, b, w) return struct.pack('>I7I7I6', a, b, w) end "
            + $"local I8 = struct.pack('>I8', 1000) redis.call('HSET', KEYS[1], 'm', {header}, "
            + "'aa', v(1000, 1) .. '\\0' .. '0', 'agone', v(2000, 1) .. '\\1' .. v(1000, 1)) "
            + (state == State.WithoutEnd ? "" : $"redis.call('PEXPIRE', KEYS[1], {life})");
        await _redis.CommandAsync("EVAL", text, "1", KeyOf(key));
        if (state == State.EndedElsewhere)
        {
            await _redis.CommandAsync("HSET", KeyOf(key), "k", "12345678");
        }
    }

    private async Task BeforeAsync(Moment moment, TrackedLink link, SessionKey key)
    {
        if (moment == Moment.Untracked)
        {
            return;
        }

        await link.AskAsync(new RedisCommand("EXISTS", KeyOf(key)));
        if (moment == Moment.ChangedByAnother)
        {
            await _redis.CommandAsync("HSET", KeyOf(key), "other", "1");
            await link.AskAsync(new RedisCommand("PING", "changed"));
        }
    }
}

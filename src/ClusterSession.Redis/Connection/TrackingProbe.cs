using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// One attempt to prove that a server pushes what changes: what it says to CLIENT TRACKING proves
/// nothing, since proxies and services say OK to it and push nothing. Used for one connection,
/// once.
/// </summary>
/// <remarks>
/// <code>
///   a script reads the key    answer    from here on the server tracks it. A push before the next
///                                       answer is too early: the server has dropped the key, or
///                                       pushes ahead of the answer
///   a script writes it        answer    from here on pushes of the key count: it must be one
///   PING                      answer    the result
/// </code>
/// As sessions are read and written: by scripts, on the very connection, without NOLOOP. All three
/// are sent at once. The key belongs to the connection alone and is left to expire.
/// </remarks>
internal sealed class TrackingProbe(byte[] key)
{
    private const int LifeMilliseconds = 60_000;

    private static readonly byte[] Read = "return redis.call('HGET', KEYS[1], 'm')"u8.ToArray();
    private static readonly byte[] Write =
        "redis.call('HSET', KEYS[1], 'm', '') return redis.call('PEXPIRE', KEYS[1], ARGV[1])"u8.ToArray();

    // Written on the reader loop only.
    private int _answers;
    private int _early;
    private int _behind;
    private bool _isDisturbed;
    private volatile TrackingOutcome _outcome;

    /// <summary>
    /// What was found out; set on the reader loop, before any later answer of the connection is
    /// taken.
    /// </summary>
    public TrackingOutcome Outcome => _outcome;

    /// <summary>
    /// Whether the server has proved that it pushes what changes, so that copies may be used
    /// without asking.
    /// </summary>
    public static bool IsProvedOn(RedisConnection connection) =>
        connection is { Untracked: null, Probe.Outcome: TrackingOutcome.Proved };

    /// <summary>Sends everything; the result is that of the last answer.</summary>
    public async ValueTask<TrackingOutcome> RunAsync(RedisConnection connection)
    {
        connection.Probe = this;
        Task read = connection.SendAsync(new Step(this, key)).AsTask();
        Task write = connection.SendAsync(new Step(this, key, writes: true)).AsTask();
        Task fence = connection.SendAsync(new Step(this, null)).AsTask();
        await Task.WhenAll(read, write, fence).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Outcome;
    }

    /// <summary>A key was pushed. Called on the reader loop.</summary>
    public void Pushed(ReadOnlySpan<byte> pushed)
    {
        if (pushed.SequenceEqual(key))
        {
            _early += _answers == 1 ? 1 : 0;
            _behind += _answers == 2 ? 1 : 0;
        }
    }

    /// <summary>The server has forgotten all that it tracked. Called on the reader loop.</summary>
    public void Emptied() => _isDisturbed = true;

    private void Answered(bool isLast)
    {
        if (!isLast)
        {
            _answers++;
        }
        else if (_answers == 2 && !_isDisturbed)
        {
            _answers++;
            _outcome =
                _early > 0 ? TrackingOutcome.TooEarly
                : _behind == 1 ? TrackingOutcome.Proved
                : TrackingOutcome.Failed;
        }
    }

    private sealed class Step(TrackingProbe probe, byte[]? key, bool writes = false) : RedisRequest<bool>
    {
        public override bool IsKeyed => key is not null;

        public override void WriteTo(ref RespWriter writer)
        {
            if (key is null)
            {
                writer.WriteCommand("PING"u8, 0);
                return;
            }

            writer.WriteCommand("EVAL"u8, writes ? 4 : 3);
            writer.WriteBulk(writes ? Write : Read);
            writer.WriteBulk("1"u8);
            writer.WriteBulk(key);
            if (writes)
            {
                writer.WriteBulk(LifeMilliseconds);
            }
        }

        protected override bool Parse(ref RespReader reader)
        {
            probe.Answered(isLast: key is null);
            return true;
        }
    }
}

namespace ClusterSession.TestKit.Faults;

/// <summary>
/// Watches both directions of one connection for the replies to drop. Requests are seen by the pump
/// towards the server, replies by the other one, so the fields they share are guarded by a lock. A
/// request is seen before it is forwarded: its reply can not come first. Frames are counted from
/// the first byte of the connection, so that a drop can be ordered at any time.
/// </summary>
internal sealed class ReplyTap(ReplyFraming framing, Func<IReadOnlyList<ReplyDrop>> orders)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ReplyDrop, PatternMatcher> _matchers = [];
    private readonly RespFrameScanner _requests = new();
    private readonly RespFrameScanner _replies = new();
    private long _requestIndex;
    private long _replyIndex;
    private long _dropIndex; // meaningful while _claimed is set
    private ReplyDrop? _claimed; // set by the request side, read by the reply side

    public void SeeRequest(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            var active = orders();
            while (bytes.Length > 0)
            {
                var taken = bytes.Length;
                var frameEnded = false;
                if (framing == ReplyFraming.Resp)
                {
                    taken = _requests.Consume(bytes, out frameEnded);
                }
                Match(active, bytes[..taken]);
                if (frameEnded)
                {
                    _requestIndex++;
                    foreach (var matcher in _matchers.Values)
                    {
                        matcher.Restart();
                    }
                }
                bytes = bytes[taken..];
            }
        }
    }

    /// <summary>
    /// How many of these bytes may pass to the client, and the order that is fulfilled by
    /// swallowing the rest.
    /// </summary>
    public (int Pass, ReplyDrop? Fulfilled) SeeReply(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (framing == ReplyFraming.None)
            {
                return _claimed is null ? (bytes.Length, null) : (0, _claimed);
            }
            var pass = 0;
            for (var seen = 0; seen < bytes.Length; )
            {
                seen += _replies.Consume(bytes[seen..], out var frameEnded);
                var isReply = frameEnded && !_replies.LastFrameWasPush;
                if (_claimed is not null && _dropIndex == _replyIndex)
                {
                    // A push standing in front of the reply is swallowed with it: the connection
                    // ends here anyway.
                    if (isReply)
                    {
                        return (pass, _claimed);
                    }
                    continue;
                }
                pass = seen;
                if (isReply)
                {
                    _replyIndex++;
                }
            }
            return (pass, null);
        }
    }

    private void Match(IReadOnlyList<ReplyDrop> active, ReadOnlySpan<byte> bytes)
    {
        foreach (var drop in active)
        {
            if (!_matchers.TryGetValue(drop, out var matcher))
            {
                matcher = new PatternMatcher(drop.Pattern);
                _matchers.Add(drop, matcher);
            }
            for (var matches = matcher.Feed(bytes); matches > 0; matches--)
            {
                if (drop.ClaimsNextMatch())
                {
                    _dropIndex = _requestIndex;
                    _claimed = drop;
                }
            }
        }
    }
}

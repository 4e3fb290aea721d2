using ClusterSession.Diagnostics;
using ClusterSession.Stores;

namespace ClusterSession.KeyRing;

/// <summary>New keys, on their day and on request, and giving the store back what it lost.</summary>
internal sealed partial class KeyRingSource
{
    private const int MostAttempts = 8;

    /// <summary>Reads the ring again and adds a key if the newest has signed long enough. Called by
    /// a background service.</summary>
    /// <returns>False if the store gave no answer.</returns>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured)
        {
            return true;
        }

        if (await ReadAsync(cancellationToken).ConfigureAwait(false) is not { } ring)
        {
            return _isAnswered;
        }

        if (_isStoreBehind)
        {
            await RestoreAsync(cancellationToken).ConfigureAwait(false);
            return !_isStoreBehind;
        }

        var now = _time.GetUtcNow();
        var rotation = _options.KeyRotation;
        var lead = rotation / 4 < TimeSpan.FromHours(1) ? rotation / 4 : TimeSpan.FromHours(1);
        var newest = ring.Keys[^1];
        if (now < newest.ActiveFrom + rotation - lead)
        {
            return true;
        }

        var activeFrom = now + lead;
        var added = NewKey(activeFrom, ring);
        if (_form.Write(ring.With(added, RetiredBefore(now))) is not { } bytes)
        {
            LogLocked();
            return true;
        }

        var stored = await _store.CompareExchangeSharedAsync(SharedName, _stored, bytes).ConfigureAwait(false);
        if (Accept(stored) is { } accepted && accepted.Find(added.Id) is not null)
        {
            _logger.KeyRingRotated(added.Id, activeFrom);
        }

        return true;
    }

    /// <summary>
    /// Adds a key that signs at once, here and on every node that the store tells of it.
    /// </summary>
    /// <param name="revoke">Whether all other keys are removed, so that no cookie of before is
    /// accepted any more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Why that is not known to be stored.</returns>
    /// <exception cref="InvalidOperationException">The keys are configured, or the stored ring
    /// cannot be read.</exception>
    public async Task<StoreFailure> RotateAsync(bool revoke, CancellationToken cancellationToken)
    {
        if (_isConfigured)
        {
            throw new InvalidOperationException(
                "The keys that sign cookies are configured (ClusterSession:Keys), so no node makes others. Give all " +
                "nodes a new key there, and remove the older ones to revoke them; or remove ClusterSession:Keys.");
        }

        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 0; attempt < MostAttempts; attempt++)
            {
                var shared = await _store.ReadSharedAsync(SharedName).ConfigureAwait(false);
                if (!shared.IsAnswered)
                {
                    return shared.Failure;
                }

                var ring = _ring;
                if (shared.Value is not null)
                {
                    ring = Accept(shared) ?? throw new InvalidOperationException(
                        "The stored ring of keys that sign cookies cannot be read here, so it is not changed. Events " +
                        "3004 and 3005 say why.");
                }

                var now = _time.GetUtcNow();
                var added = NewKey(now, ring);
                var next = ring is null ? new SessionKeyRing([added], revoke ? 1 : 0)
                    : revoke ? ring.RevokedFor(added) : ring.With(added, RetiredBefore(now));
                var bytes = _form.Write(next) ?? throw new InvalidOperationException(
                    "The ring of keys that sign cookies cannot be sealed: data protection, which ProtectKeysWith names, " +
                    "has no key.");
                var answer = await _store
                    .CompareExchangeSharedAsync(SharedName, shared.Value, bytes).ConfigureAwait(false);
                if (!answer.IsAnswered)
                {
                    return answer.Failure;
                }

                if (answer.Value.AsSpan().SequenceEqual(bytes))
                {
                    Accept(answer);
                    _logger.KeyRingRotatedOnRequest(added.Id, revoke);
                    return StoreFailure.None;
                }
            }

            return StoreFailure.Unknown;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>The store has lost its ring, or got one from a node that knew of none: it gets the
    /// keys of this node back.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured || _ring is not { } mine)
        {
            return;
        }

        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 0; attempt < MostAttempts; attempt++)
            {
                var shared = await _store.ReadSharedAsync(SharedName).ConfigureAwait(false);
                var stored = shared.Value is null ? null : _form.Read(shared.Value);
                var wanted = stored is null ? mine : mine.Union(stored);
                if (!shared.IsAnswered || (shared.Value is not null && (stored is null || IsWithin(wanted, stored))))
                {
                    Accept(shared);
                    return;
                }

                if (_form.Write(wanted) is not { } bytes)
                {
                    LogLocked();
                    return;
                }

                var answer = await _store.CompareExchangeSharedAsync(SharedName, shared.Value, bytes).ConfigureAwait(false);
                if (answer.IsAnswered && answer.Value.AsSpan().SequenceEqual(bytes))
                {
                    Accept(answer);
                    return;
                }
            }
        }
        finally
        {
            _loading.Release();
        }
    }

    private static bool IsWithin(SessionKeyRing wanted, SessionKeyRing stored) =>
        wanted.Revocations == stored.Revocations && wanted.Keys.Count == stored.Keys.Count;

    private CookieKey NewKey(DateTimeOffset activeFrom, SessionKeyRing? beside) =>
        SessionKeyRing.NewKey(_random, activeFrom, beside, Application);

    /// <summary>
    /// A key that ceased to sign before this moment signs no cookie that may still live.
    /// </summary>
    private DateTimeOffset RetiredBefore(DateTimeOffset now)
    {
        var longestCookie = _options.AbsoluteTimeout ?? TimeSpan.FromDays(30) + (2 * _options.IdleTimeout);
        return longestCookie < now - DateTimeOffset.UnixEpoch ? now - longestCookie : DateTimeOffset.UnixEpoch;
    }
}

using ClusterSession.Diagnostics;
using ClusterSession.Stores;

namespace ClusterSession.KeyRing;

/// <summary>New keys, on their day and on request, and restoring what the store lost.</summary>
internal sealed partial class KeyRingSource
{
    private const int MaxAttempts = 8;

    /// <summary>How long a cookie may live: for that long a key verifies after it ceased to
    /// sign.</summary>
    private TimeSpan CookieLife
    {
        get
        {
            var life = _options.AbsoluteTimeout ?? TimeSpan.FromDays(30) + (2 * _options.IdleTimeout);
            var most = _time.GetUtcNow() - DateTimeOffset.UnixEpoch;
            return life < most ? life : most;
        }
    }

    /// <summary>Reads the ring again and adds a key if the newest has signed long enough. Called by
    /// a background service.</summary>
    /// <returns>False if it is to be read again soon: the store did not respond, or has lost
    /// it.</returns>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured)
        {
            return true;
        }

        var failure = await SyncAsync(cancellationToken).ConfigureAwait(false);
        if (failure != StoreFailure.None)
        {
            return failure == StoreFailure.Damaged; // Then it stays as it is until somebody changes it.
        }

        var now = _time.GetUtcNow();
        var rotation = _options.KeyRotation;
        var lead = rotation / 4 < TimeSpan.FromHours(1) ? rotation / 4 : TimeSpan.FromHours(1);
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var ring = _known.Ring;
            var newest = ring.Keys[^1];
            if (now < newest.ActiveFrom + rotation - lead)
            {
                return true;
            }

            var added = NewKey(now + lead, ring);
            var id = KeyElement.IdOfNextKey(newest.Id); // Of several nodes one adds it.
            if (
                await AddAsync(ring.With(added), id, added).ConfigureAwait(false) == StoreFailure.None
                && _known.Ring.Find(added.Id) is not null
            )
            {
                _logger.KeyRingRotated(added.Id, added.ActiveFrom);
            }

            return true;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>
    /// Adds a key that signs at once, here and on every node that the store tells of it.
    /// </summary>
    /// <param name="revoke">Whether all other keys are removed, so that no earlier cookie is
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
                "The keys that sign cookies are configured (ClusterSession:Keys), so no node makes others. Give all "
                    + "nodes a new key there, and remove the older ones to revoke them; or remove ClusterSession:Keys."
            );
        }

        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 0; attempt < MaxAttempts; attempt++)
            {
                var failure = await SyncAloneAsync().ConfigureAwait(false);
                ThrowIfUnreadable(failure);
                if (failure != StoreFailure.None)
                {
                    return failure;
                }

                var ring = _known.Ring;
                var added = SessionKeyRing.NewKey(_random, _time.GetUtcNow(), ring, Application, revoke);
                var next = revoke ? SessionKeyRing.RevokedFor(added) : ring.With(added);
                failure = await AddAsync(next, KeyElement.IdOf(added.Id), added).ConfigureAwait(false);
                ThrowIfUnreadable(failure);
                if (failure != StoreFailure.None)
                {
                    return failure;
                }

                if (_known.Ring.Find(added.Id) is not null) // Else another node has revoked it already.
                {
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

    /// <summary>The store may have lost keys, or has some of a node that knew none: what this node
    /// knows is merged into it.</summary>
    public async Task RestoreAsync()
    {
        if (_isConfigured)
        {
            return;
        }

        _document.OnLoss();
        if (await SyncAsync(CancellationToken.None).ConfigureAwait(false) != StoreFailure.None)
        {
            OnChanged();
        }
    }

    /// <summary>Under <see cref="_loading"/>: merges a key and reads the ring again.</summary>
    private async ValueTask<StoreFailure> AddAsync(SessionKeyRing next, byte[] id, CookieKey added)
    {
        if (_known.Changes(next, id, added, CookieLife) is not { } changes)
        {
            LogLocked();
            return StoreFailure.Damaged;
        }

        var failure = await _document.MergeAsync(changes).ConfigureAwait(false);
        return failure != StoreFailure.None ? failure : await SyncAloneAsync().ConfigureAwait(false);
    }

    private static void ThrowIfUnreadable(StoreFailure failure)
    {
        if (failure == StoreFailure.Damaged)
        {
            throw new InvalidOperationException(
                "The stored ring of keys that sign cookies cannot be read or sealed here, so it is not changed. Events "
                    + "3004 and 3005 say why."
            );
        }
    }

    private CookieKey NewKey(DateTimeOffset activeFrom, SessionKeyRing? beside) =>
        SessionKeyRing.NewKey(_random, activeFrom, beside, Application);
}

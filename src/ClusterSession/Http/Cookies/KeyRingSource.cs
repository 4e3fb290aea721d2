using System.Security.Cryptography;
using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// Where the ring of cookie keys comes from: the configuration, or else the store, where the first node that starts puts one.
/// </summary>
/// <remarks>
/// <code>
/// key n signs |----------------- KeyRotation -----------------|
/// key n+1 is stored                              |-- lead ----|  signs ...
/// key n verifies                                              |-- as long as a cookie may live --| removed
/// </code>
/// A new key is stored an hour (or a quarter of the rotation, if that is less) before it signs, so that every node has read it by
/// then; a node that meets an unknown key reads the ring again before it refuses, at most once a second.
/// A cookie under an older key is issued anew under the signing one at its next request.
/// Thread-safe.
/// </remarks>
internal sealed class KeyRingSource
{
    private const string SharedName = "keyring";
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    private readonly StoreGuard _store;
    private readonly ClusterSessionOptions _options;
    private readonly TimeProvider _time;
    private readonly RandomNumberGenerator _random;
    private readonly ILogger<KeyRingSource> _logger;
    private readonly LogRate _unavailable;
    private readonly LogRate _malformed;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly bool _isConfigured;
    private volatile SessionKeyRing? _ring;
    private volatile CookieKey? _signing;
    private long _signingChosenAt;
    private long _loadedAt;
    private volatile bool _hasFailed;

    public KeyRingSource(
        StoreGuard store, IOptions<ClusterSessionOptions> options, TimeProvider time, RandomNumberGenerator random, ILogger<KeyRingSource> logger)
    {
        _store = store;
        _options = options.Value;
        _time = time;
        _random = random;
        _logger = logger;
        _unavailable = new LogRate(time);
        _malformed = new LogRate(time);
        if (_options.Keys.Count > 0)
        {
            _isConfigured = true;
            _ring = new SessionKeyRing(_options.Keys.Select(key =>
                new CookieKey(key.Id, key.ActiveFrom ?? DateTimeOffset.UnixEpoch, Convert.FromBase64String(key.Secret))));
        }
    }

    /// <summary>The ring, or null while it could not be read from the store.</summary>
    public SessionKeyRing? Current => _ring;

    /// <summary>The key that signs now. Only where <see cref="Current"/> is not null.</summary>
    public CookieKey Signing
    {
        get
        {
            var now = _time.GetTimestamp();
            if (_signing is { } signing && _time.GetElapsedTime(Volatile.Read(ref _signingChosenAt), now) < ReloadInterval)
            {
                return signing;
            }

            Volatile.Write(ref _signingChosenAt, now);
            return _signing = _ring!.Signing(_time.GetUtcNow());
        }
    }

    /// <summary>Reads the ring if there is none here yet.</summary>
    /// <returns>The ring, or null if the store gave no answer.</returns>
    public ValueTask<SessionKeyRing?> LoadAsync(CancellationToken cancellationToken) =>
        _ring is { } ring ? new(ring) : ReadAsync(cancellationToken);

    /// <summary>Reads the ring again because a cookie names a key that is not in it; at most once a second.</summary>
    /// <returns>The ring, or null if the store gave no answer: then nobody can say whether the cookie was issued here.</returns>
    public ValueTask<SessionKeyRing?> ReloadAsync(CancellationToken cancellationToken) =>
        _isConfigured || (_ring is not null && _time.GetElapsedTime(Volatile.Read(ref _loadedAt)) < ReloadInterval)
            ? new(_hasFailed ? null : _ring)
            : ReadAsync(cancellationToken);

    /// <summary>Reads the ring again and adds a key if the newest has signed long enough. Called by a background service.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured || await ReadAsync(cancellationToken).ConfigureAwait(false) is not { } ring)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var rotation = _options.KeyRotation;
        var lead = rotation / 4 < TimeSpan.FromHours(1) ? rotation / 4 : TimeSpan.FromHours(1);
        var newest = ring.Keys[^1];
        if (now < newest.ActiveFrom + rotation - lead)
        {
            return;
        }

        var activeFrom = now + lead;
        var longestCookie = _options.AbsoluteTimeout ?? TimeSpan.FromDays(30) + (2 * _options.IdleTimeout);
        var added = SessionKeyRing.NewKey(_random, activeFrom, ring);
        var next = ring.With(added, longestCookie < now - DateTimeOffset.UnixEpoch ? now - longestCookie : DateTimeOffset.UnixEpoch);
        var stored = await _store.CompareExchangeSharedAsync(SharedName, ring.Write(), next.Write()).ConfigureAwait(false);
        if (Accept(stored) is { } accepted && accepted.Find(added.Id) is not null)
        {
            _logger.KeyRingRotated(added.Id, activeFrom);
        }
    }

    /// <summary>The store has lost its ring, or got one from a node that knew of none: it gets the keys of this node back.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (_isConfigured || _ring is not { } mine)
        {
            return;
        }

        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 0; attempt < 8; attempt++)
            {
                var shared = await _store.ReadSharedAsync(SharedName).ConfigureAwait(false);
                var stored = shared.Value is null ? null : SessionKeyRing.Read(shared.Value);
                var wanted = stored is null ? mine : mine.Union(stored);
                if (!shared.IsAnswered || (shared.Value is not null && (stored is null || wanted.Keys.Count == stored.Keys.Count)))
                {
                    Accept(shared);
                    return;
                }

                var bytes = wanted.Write();
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

    private async ValueTask<SessionKeyRing?> ReadAsync(CancellationToken cancellationToken)
    {
        var before = Volatile.Read(ref _loadedAt);
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Volatile.Read(ref _loadedAt) != before)
            {
                return _hasFailed ? null : _ring; // Somebody else read it while this one waited.
            }

            var shared = await _store.ReadSharedAsync(SharedName).ConfigureAwait(false);
            if (shared is { IsAnswered: true, Value: null })
            {
                var made = _ring ?? new SessionKeyRing([SessionKeyRing.NewKey(_random, _time.GetUtcNow())]);
                shared = await _store.CompareExchangeSharedAsync(SharedName, null, made.Write()).ConfigureAwait(false);
                if (shared.IsAnswered)
                {
                    _logger.KeyRingCreated();
                }
            }

            var accepted = Accept(shared);
            _hasFailed = accepted is null;
            Volatile.Write(ref _loadedAt, _time.GetTimestamp());
            return accepted;
        }
        finally
        {
            _loading.Release();
        }
    }

    private SessionKeyRing? Accept(StoreShared shared)
    {
        if (!shared.IsAnswered)
        {
            if (_unavailable.MayWrite(out var count))
            {
                _logger.KeyRingUnavailable(shared.Failure, count);
            }

            return null;
        }

        if (shared.Value is null || SessionKeyRing.Read(shared.Value) is not { } ring)
        {
            if (_malformed.MayWrite(out var count))
            {
                _logger.KeyRingMalformed(count);
            }

            return null;
        }

        // The same ring stays the same object: with another one the memory of cookies begins anew.
        if (_ring is not { } present || !present.Write().AsSpan().SequenceEqual(shared.Value))
        {
            _ring = ring;
            _signing = null;
        }

        Volatile.Write(ref _loadedAt, _time.GetTimestamp());
        return _ring;
    }
}

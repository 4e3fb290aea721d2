using System.Security.Cryptography;
using ClusterSession.Diagnostics;
using ClusterSession.Signals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.KeyRing;

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
/// A key that is added on request (<see cref="RotateAsync"/>) signs at once: every node that the
/// store tells of it reads the ring again.
/// Thread-safe.
/// </remarks>
internal sealed partial class KeyRingSource
{
    public const string SharedName = "keyring";
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    private readonly StoreGuard _store;
    private readonly ClusterSessionOptions _options;
    private readonly TimeProvider _time;
    private readonly RandomNumberGenerator _random;
    private readonly ILogger<KeyRingSource> _logger;
    private readonly LogRate _unavailable;
    private readonly LogRate _malformed;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly LogRate _locked;
    private readonly StoredKeyRing _form;
    private readonly WorkSignal _changed = new();
    private readonly bool _isConfigured;
    private volatile SessionKeyRing? _ring;
    private volatile byte[]? _stored; // what _ring was read from
    private volatile SigningRing? _signing;
    private long _loadedAt;
    private volatile bool _hasFailed;
    private volatile bool _isAnswered; // whether the store was, when the ring was last read
    private volatile bool _isStoreBehind;
    private int _hasWarnedOfPlain;

    public KeyRingSource(
        StoreGuard store, IOptions<ClusterSessionOptions> options, TimeProvider time, RandomNumberGenerator random,
        ILogger<KeyRingSource> logger, IKeyRingSeal? seal = null)
    {
        _store = store;
        _options = options.Value;
        _time = time;
        _random = random;
        _logger = logger;
        _unavailable = new LogRate(time);
        _malformed = new LogRate(time);
        _locked = new LogRate(time);
        _form = new StoredKeyRing(Application, seal);
        if (_options.Keys.Count > 0)
        {
            _isConfigured = true;
            _ring = new SessionKeyRing(_options.Keys.Select(key =>
                new CookieKey(
                    key.Id, key.ActiveFrom ?? DateTimeOffset.UnixEpoch, Convert.FromBase64String(key.Secret),
                    Application)));
        }
    }

    /// <summary>The ring, or null while it could not be read from the store.</summary>
    public SessionKeyRing? Current => _ring;

    /// <summary>The key that signs now. Only where <see cref="Current"/> is not null.</summary>
    public CookieKey Signing => SigningRing.Key;

    /// <summary>
    /// The ring and the key of it that signs now. Only where <see cref="Current"/> is not null.
    /// </summary>
    public SigningRing SigningRing
    {
        get
        {
            var now = _time.GetTimestamp();
            var ring = _ring!;
            if (_signing is { } signing
                && ReferenceEquals(signing.Ring, ring) && _time.GetElapsedTime(signing.ChosenAt, now) < ReloadInterval)
            {
                return signing;
            }

            return _signing = new SigningRing(ring, ring.Signing(_time.GetUtcNow()), now);
        }
    }

    private string Application => _options.ApplicationName ?? "";

    /// <summary>
    /// The stored ring was changed by another node, or the store can be reached again: it is read
    /// soon.
    /// </summary>
    public void OnChanged() => _changed.Set();

    /// <summary>Completes when <see cref="OnChanged"/> was called.</summary>
    public Task WaitForChangeAsync(CancellationToken cancellationToken) => _changed.WaitAsync(cancellationToken);

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
                shared = await CreateAsync().ConfigureAwait(false);
            }

            var accepted = Accept(shared);
            _isAnswered = shared.IsAnswered;
            _hasFailed = accepted is null;
            Volatile.Write(ref _loadedAt, _time.GetTimestamp());
            return accepted;
        }
        finally
        {
            _loading.Release();
        }
    }

    private async ValueTask<StoreShared> CreateAsync()
    {
        if (_form.Write(_ring ?? new SessionKeyRing([NewKey(_time.GetUtcNow(), null)])) is not { } bytes)
        {
            LogLocked();
            return new StoreShared(null, StoreFailure.Refused);
        }

        var shared = await _store.CompareExchangeSharedAsync(SharedName, null, bytes).ConfigureAwait(false);
        if (shared.IsAnswered)
        {
            _logger.KeyRingCreated();
        }

        return shared;
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

        var mine = _ring;
        if (mine is not null && _stored is { } known && shared.Value.AsSpan().SequenceEqual(known))
        {
            Volatile.Write(ref _loadedAt, _time.GetTimestamp());
            _isStoreBehind = false;
            return mine; // The same object, so that the cookies remembered under it stay.
        }

        if (shared.Value is null || _form.Read(shared.Value) is not { } ring)
        {
            LogUnreadable(shared.Value);
            return null;
        }

        if (_form.ShouldBeSealed(shared.Value) && Interlocked.Exchange(ref _hasWarnedOfPlain, 1) == 0)
        {
            _logger.KeyRingStillPlain();
        }

        Volatile.Write(ref _loadedAt, _time.GetTimestamp());
        _isStoreBehind = mine is not null && ring.Revocations < mine.Revocations;
        if (_isStoreBehind)
        {
            return mine; // The store went back behind a revocation; it is given this ring.
        }

        _ring = ring;
        _stored = shared.Value;
        return ring;
    }

    private void LogUnreadable(byte[]? stored)
    {
        if (stored is not null && StoredKeyRing.IsSealed(stored))
        {
            LogLocked();
        }
        else if (_malformed.MayWrite(out var count))
        {
            _logger.KeyRingMalformed(count);
        }
    }

    private void LogLocked()
    {
        if (_locked.MayWrite(out var count))
        {
            _logger.KeyRingLocked(count);
        }
    }
}

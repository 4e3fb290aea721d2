using System.Security.Cryptography;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Signals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.KeyRing;

/// <summary>
/// Where the ring of cookie keys comes from: the configuration, or else a document in the store,
/// for which the first node that starts makes a key.
/// </summary>
/// <remarks>
/// <code>
/// key n signs |------------- KeyRotation -------------|
/// key n+1 is stored                      |-- lead ----|  signs ...
/// key n verifies                                      |-- as long as a cookie may live --| removed
/// </code>
/// A new key is stored an hour (or a quarter of the rotation, if that is less) before it signs, so
/// that every node has read it by then; a node that meets an unknown key reads the ring again
/// before it refuses, at most once a second. A cookie under an older key is issued anew under the
/// signing one at its next request. A key that is added on request (<see cref="RotateAsync"/>)
/// signs at once: every node that the store tells of it reads the ring again. The document is
/// completed and never adopted (<see cref="DocumentMirror"/>): whatever the store loses, a node
/// goes on verifying with the keys that it knows, and restores them. Thread-safe.
/// </remarks>
internal sealed partial class KeyRingSource : ISharedDocument
{
    /// <summary>The name of the document.</summary>
    public const string DocumentName = "keyring";

    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    private readonly ClusterSessionOptions _options;
    private readonly TimeProvider _time;
    private readonly RandomNumberGenerator _random;
    private readonly ILogger<KeyRingSource> _logger;
    private readonly LogRate _unavailable;
    private readonly LogRate _malformed;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly LogRate _locked;
    private readonly StoredKeys _form;
    private readonly DocumentMirror _document; // under _loading
    private readonly KnownKeys _known; // under _loading
    private readonly WorkSignal _changed = new();
    private readonly bool _isConfigured;
    private volatile SessionKeyRing? _ring;
    private volatile SigningRing? _signing;
    private int _readings; // under _loading: how many have begun
    private long _loadedAt;
    private volatile bool _hasFailed;
    private int _hasWarnedOfPlain;

    public KeyRingSource(
        StoreGuard store,
        NodePresence presence,
        IOptions<ClusterSessionOptions> options,
        TimeProvider time,
        RandomNumberGenerator random,
        ILogger<KeyRingSource> logger,
        IKeyRingSeal? seal = null
    )
    {
        _options = options.Value;
        _time = time;
        _random = random;
        _logger = logger;
        _unavailable = new LogRate(time);
        _malformed = new LogRate(time);
        _locked = new LogRate(time);
        _form = new StoredKeys(Application, seal);
        _document = new DocumentMirror(store, presence, DocumentName, time, logger);
        _known = new KnownKeys(_form, time);
        if (_options.Keys.Count > 0)
        {
            _isConfigured = true;
            _ring = new SessionKeyRing(
                _options.Keys.Select(
                    (key, index) =>
                        new CookieKey(
                            key.Id,
                            key.ActiveFrom ?? DateTimeOffset.UnixEpoch,
                            Convert.FromBase64String(key.Secret),
                            Application,
                            number: -index
                        )
                )
            ); // Of several that sign from the same moment, the first in the configuration signs.
        }
    }

    public string Name => DocumentName;

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
            if (
                _signing is { } signing
                && ReferenceEquals(signing.Ring, ring)
                && _time.GetElapsedTime(signing.ChosenAt, now) < ReloadInterval
            )
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
    public void OnChanged()
    {
        if (!_isConfigured)
        {
            _changed.Set();
        }
    }

    /// <summary>
    /// Whether a change by another node would be announced: else the ring is to be read again.
    /// </summary>
    public bool IsAnnounced => _isConfigured || _document.IsCurrent;

    /// <summary>Completes when <see cref="OnChanged"/> was called.</summary>
    public Task WaitForChangeAsync(CancellationToken cancellationToken) => _changed.WaitAsync(cancellationToken);

    /// <summary>Reads the ring if there is none here yet.</summary>
    /// <returns>The ring, or null if the store did not respond.</returns>
    public ValueTask<SessionKeyRing?> LoadAsync(CancellationToken cancellationToken) =>
        _ring is { } ring ? new(ring) : ReadAsync(cancellationToken);

    /// <summary>
    /// Reads the ring again because a cookie names a key that is not in it; at most once a second.
    /// </summary>
    /// <returns>The ring, or null if the store did not respond: then nobody can say whether the
    /// cookie was issued here.</returns>
    public ValueTask<SessionKeyRing?> ReloadAsync(CancellationToken cancellationToken) =>
        _isConfigured || (_ring is not null && _time.GetElapsedTime(Volatile.Read(ref _loadedAt)) < ReloadInterval)
            ? new(_hasFailed ? null : _ring)
            : ReadAsync(cancellationToken);

    private async ValueTask<SessionKeyRing?> ReadAsync(CancellationToken cancellationToken) =>
        await SyncAsync(cancellationToken).ConfigureAwait(false) == StoreFailure.None ? _ring : null;

    /// <summary>Makes what the store has and what this node knows the same; those who come while
    /// others wait share the next reading with them.</summary>
    private async ValueTask<StoreFailure> SyncAsync(CancellationToken cancellationToken)
    {
        var begunBefore = Volatile.Read(ref _readings);
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _readings == begunBefore ? await SyncAloneAsync().ConfigureAwait(false)
                : _hasFailed ? StoreFailure.Unknown
                : StoreFailure.None;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Under <see cref="_loading"/>.</summary>
    private async ValueTask<StoreFailure> SyncAloneAsync()
    {
        _readings++;
        CookieKey? first = null;
        var failure = await _document.SyncAsync(stored => Complete(stored, ref first)).ConfigureAwait(false);
        _hasFailed = failure != StoreFailure.None;
        Volatile.Write(ref _loadedAt, _time.GetTimestamp());
        if (_hasFailed)
        {
            if (failure != StoreFailure.Damaged && _unavailable.MayWrite(out var count))
            {
                _logger.KeyRingUnavailable(failure, count);
            }

            return failure;
        }

        _ring = _known.Ring;
        if (first is not null && _ring.Find(first.Id) is not null)
        {
            _logger.KeyRingCreated();
        }

        if (_form.IsSealing && _known.IsAnyPlain && Interlocked.Exchange(ref _hasWarnedOfPlain, 1) == 0)
        {
            _logger.KeyRingStillPlain();
        }

        return StoreFailure.None;
    }

    /// <summary>
    /// Merges what the store has, and answers with the elements that it lacks. For a ring without
    /// keys that is the first key. Null if something cannot be read or sealed here.
    /// </summary>
    private List<DocumentElement>? Complete(IReadOnlyCollection<DocumentElement> stored, ref CookieKey? first)
    {
        if (!_known.TryTake(stored, _time.GetUtcNow() - CookieLife))
        {
            LogUnreadable();
            return null;
        }

        var lacking = _known.Lacking(stored);
        if (lacking is not null && _known.Ring.Keys.Count == 0)
        {
            first = NewKey(_time.GetUtcNow(), _known.Ring);
            var id = KeyElement.IdOfNextKey(0);
            if (stored.Any(element => element.Id.Span.SequenceEqual(id)))
            {
                id = KeyElement.IdOf(first.Id);
            }

            lacking = _known.Changes(_known.Ring.With(first), id, first, CookieLife);
        }

        if (lacking is null)
        {
            LogLocked();
        }

        return lacking;
    }

    private void LogUnreadable()
    {
        if (_known.IsLocked)
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

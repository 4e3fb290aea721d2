using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Diagnostics;
using ClusterSession.Records;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Stores.Outage;

/// <summary>
/// Names each damaged record and document once in the log, however often it is met: a record by a
/// hash of its key, which finds it and opens nothing. Of many at once only some are named, and the
/// others later, when they are met again. Thread-safe.
/// </summary>
internal sealed class DamagedRecords(TimeProvider time, ILogger logger)
{
    private const int MaxRemembered = 10_000;
    private const int MaxAtOnce = 50;
    private const string Unsaid = "the store does not say what";
    private const int HashLength = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<SessionKey, bool> _named = new();
    private readonly ConcurrentDictionary<(string Document, string? What), bool> _documents = new();
    private readonly Lock _gate = new();
    private long _since;
    private int _count;

    /// <summary>A record was found to be damaged.</summary>
    /// <param name="store">The store.</param>
    /// <param name="key">Under which key.</param>
    /// <param name="what">What is wrong, or null where the store does not say.</param>
    public void Name(string store, SessionKey key, string? what)
    {
        if (_named.ContainsKey(key) || !MayWrite() || !_named.TryAdd(key, true))
        {
            return;
        }

        logger.RecordDamaged(store, HashOf(key), what ?? Unsaid);
    }

    /// <summary>A document was found to be damaged.</summary>
    /// <param name="store">The store.</param>
    /// <param name="document">Its name, which is no secret.</param>
    /// <param name="what">What is wrong, or null where the store does not say.</param>
    public void Name(string store, string document, string? what)
    {
        if (_documents.TryAdd((document, what), true))
        {
            logger.DocumentDamaged(document, store, what ?? Unsaid);
        }
    }

    /// <summary>The first 16 hexadecimal digits of the SHA-256 of the key's text.</summary>
    private static string HashOf(SessionKey key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key.ToString())).AsSpan(0, HashLength));

    private bool MayWrite()
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_since) >= Interval)
            {
                (_since, _count) = (time.GetTimestamp(), 0);
            }

            if (_count >= MaxAtOnce)
            {
                return false;
            }

            _count++;
            if (_named.Count >= MaxRemembered)
            {
                _named.Clear();
            }

            return true;
        }
    }
}

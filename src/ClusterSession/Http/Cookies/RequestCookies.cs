using ClusterSession.KeyRing;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http.Cookies;

/// <summary>
/// The session cookies of a request. There may be several of one name: a browser sends one for each
/// Domain and Path it was ever set for, in an order that says nothing of which one is current (RFC
/// 6265, 5.4). Thread-safe.
/// </summary>
internal sealed class RequestCookies(string name, CookieMemory cookies, KeyRingSource keyRing)
{
    /// <summary>How many valid ones are looked at: each may cost a read, and the client that sends
    /// the request chooses how many there are.</summary>
    private const int MaxCount = 8;

    /// <summary>The first valid cookie, or else why there is none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="hasSeveral">Whether there are more of this name.</param>
    public CookieReading Read(HttpRequest request, out bool hasSeveral)
    {
        var best = CookieReading.None;
        var count = 0;
        foreach (var header in request.Headers.Cookie)
        {
            var values = new CookieValues(header, name);
            while (values.MoveNext())
            {
                count++;
                if (best.Result != CookieResult.Valid)
                {
                    // Of several one may be old rubbish, and another signed by a key that this node
                    // has yet to read.
                    var reading = Read(values.Current);
                    best =
                        best.Result == CookieResult.UnknownKey && reading.Result != CookieResult.Valid ? best : reading;
                }
            }
        }

        hasSeveral = count > 1;
        return best;
    }

    /// <summary>
    /// The valid cookies in their order, one for each id: the one that has seen most.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="hasUnknownKey">Whether another one names a key that this node may have yet to
    /// read.</param>
    public List<CookieReading> ReadAll(HttpRequest request, out bool hasUnknownKey)
    {
        hasUnknownKey = false;
        var all = new List<CookieReading>();
        foreach (var header in request.Headers.Cookie)
        {
            var values = new CookieValues(header, name);
            while (values.MoveNext() && all.Count < MaxCount)
            {
                var reading = Read(values.Current);
                if (reading.Result != CookieResult.Valid)
                {
                    hasUnknownKey |= reading.Result == CookieResult.UnknownKey;
                    continue;
                }

                var same = all.FindIndex(other => other.Key == reading.Key);
                if (same < 0)
                {
                    all.Add(reading);
                }
                else if (reading.Seen > all[same].Seen)
                {
                    all[same] = reading;
                }
            }
        }

        return all;
    }

    private CookieReading Read(ReadOnlySpan<char> value) =>
        keyRing.Current is { } ring ? cookies.Read(value, ring) : CookieReading.UnknownKey;
}

using System.Text;

namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>
/// The simulated clients of one application: each keeps the cookie it was given last, as a browser
/// does.
/// </summary>
internal sealed class Clients
{
    private readonly byte[][] _cookies;

    public Clients(int count) => _cookies = [.. Enumerable.Repeat(Array.Empty<byte>(), count)];

    public int Count => _cookies.Length;

    /// <summary>
    /// Clients of an application without sessions: they send a cookie as long as that of
    /// ClusterSession all the same.
    /// </summary>
    public static Clients WithForeignCookies(int count)
    {
        var clients = new Clients(count);
        var random = new Random(1);
        for (var i = 0; i < count; i++)
        {
            clients._cookies[i] = Encoding.ASCII.GetBytes(
                ".ClusterSession=" + random.GetHexString(24) + "." + random.GetHexString(44)
            );
        }

        return clients;
    }

    /// <summary><c>name=value</c>, or nothing yet.</summary>
    public ReadOnlySpan<byte> Cookie(int client) => _cookies[client];

    /// <summary>Takes what a Set-Cookie header says.</summary>
    public void Accept(int client, ReadOnlySpan<byte> setCookie)
    {
        var end = setCookie.IndexOf((byte)';');
        var cookie = end < 0 ? setCookie : setCookie[..end];
        if (_cookies[client].Length == cookie.Length)
        {
            cookie.CopyTo(_cookies[client]);
        }
        else
        {
            _cookies[client] = cookie.ToArray();
        }
    }

    /// <summary>
    /// Clients with the same cookies as these, for another node of the same cluster.
    /// </summary>
    public Clients Copy()
    {
        var copy = new Clients(Count);
        for (var i = 0; i < Count; i++)
        {
            copy._cookies[i] = [.. _cookies[i]];
        }

        return copy;
    }
}

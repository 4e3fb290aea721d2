using BenchmarkDotNet.Attributes;
using ClusterSession.Http.Cookies;
using ClusterSession.MicroBenchmarks.Sessions;
using ClusterSession.Records;

namespace ClusterSession.MicroBenchmarks.Cookies;

/// <summary>From the Cookie header to the key, and back.</summary>
public class CookieBenchmarks
{
    private readonly SampleSession _session = new();
    private readonly byte[] _message = new byte[51];
    private string _header = "";

    [GlobalSetup]
    public void SetUp() => _header = "theme=dark; .ClusterSession=" + _session.Cookie + "; lang=en";

    [Benchmark(Description = "cookie: find it in the header")]
    public int Find()
    {
        var values = new CookieValues(_header, ".ClusterSession");
        return values.MoveNext() ? values.Current.Length : 0;
    }

    [Benchmark(Description = "cookie: verify")]
    public bool Verify() => SessionCookie.Read(_session.Cookie, _session.Ring).Result == CookieResult.Valid;

    [Benchmark(Description = "cookie: write")]
    public string Write() => SessionCookie.Write(_session.Id, _session.Record.Version, _session.Ring.Keys[0]);

    [Benchmark(Description = "cookie: the MAC alone")]
    public int Sign()
    {
        Span<byte> mac = stackalloc byte[32];
        _session.Ring.Keys[0].Sign(_message, mac);
        return mac[0];
    }

    [Benchmark(Description = "key: hash of the id")]
    public int Hash() => SessionKey.Of(_session.Id).GetHashCode();
}

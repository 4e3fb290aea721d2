using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ClusterSession.Tests.Architecture;
using Xunit;

namespace ClusterSession.Tests.Fuzz;

/// <summary>
/// Draws inputs from a corpus: whole ones, damaged ones, and parts of two put together. It says its
/// seed; CLUSTERSESSION_SEED repeats it. At length (CLUSTERSESSION_LONG) it draws as many as an
/// audit asks for.
/// </summary>
internal sealed class FuzzRun
{
    private const long MaxKept = 64 << 20;
    private const string Telling = "+-:$*_#,(!=%~>|\r\n0123456789.AZaz-_\0\x7f\x80\xff";

    private readonly byte[][] _corpus;
    private readonly long _before;
    private readonly ITestOutputHelper _output;
    private readonly Stopwatch _watch;

    public FuzzRun(ITestOutputHelper output, string corpus, int normally, int atLength)
    {
        var given = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED");
        var seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        Random = new Random(seed);
        Rounds = Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? atLength : normally;
        output.WriteLine($"CLUSTERSESSION_SEED={seed}, {Rounds} inputs");
        _output = output;
        _corpus = [.. Lines(corpus)];
        _before = GC.GetTotalMemory(forceFullCollection: true);
        _watch = Stopwatch.StartNew();
    }

    public Random Random { get; }

    public int Rounds { get; }

    /// <summary>The inputs of a file of the corpus: one a line, with the escapes of C#.</summary>
    public static IEnumerable<byte[]> Lines(string corpus) =>
        Repository
            .Read($"tests/ClusterSession.Tests/Fuzz/Corpus/{corpus}")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Encoding.Latin1.GetBytes(Regex.Unescape(line)));

    /// <summary>An input of the corpus, or one that was issued, mostly damaged.</summary>
    public byte[] Draw(byte[]? issued = null)
    {
        var bytes = issued ?? _corpus[Random.Next(_corpus.Length)];
        switch (Random.Next(8))
        {
            case 0:
                return bytes;
            case 1:
                var random = new byte[Random.Next(200)];
                Random.NextBytes(random);
                return random;
            case 2:
                var other = _corpus[Random.Next(_corpus.Length)];
                return [.. bytes[..Random.Next(bytes.Length + 1)], .. other[Random.Next(other.Length + 1)..]];
            case 3:
                var at = Random.Next(bytes.Length + 1);
                return [.. bytes[..at], .. bytes[Random.Next(at + 1)..]];
            default:
                return Damage(bytes, Random.Next(1, 5));
        }
    }

    /// <summary>A copy with some bytes changed.</summary>
    public byte[] Damage(byte[] bytes, int times)
    {
        var damaged = bytes.ToArray();
        for (; times > 0 && damaged.Length > 0; times--)
        {
            ref var one = ref damaged[Random.Next(damaged.Length)];
            one = Random.Next(3) switch
            {
                0 => (byte)Random.Next(256),
                1 => (byte)(one ^ (1 << Random.Next(8))),
                _ => (byte)Telling[Random.Next(Telling.Length)],
            };
        }

        return damaged;
    }

    /// <summary>Nothing of what was drawn is kept.</summary>
    public void CheckMemory()
    {
        var kept = GC.GetTotalMemory(forceFullCollection: true) - _before;
        using var process = Process.GetCurrentProcess();
        _output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{_watch.Elapsed.TotalSeconds:0.0} s, {kept / 1024.0:0} KB kept, at most {process.PeakWorkingSet64 >> 20} MB held by the process"
            )
        );
        Assert.InRange(kept, long.MinValue, MaxKept);
    }
}

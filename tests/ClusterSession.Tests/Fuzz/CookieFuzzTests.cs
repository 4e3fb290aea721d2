using System.Security.Cryptography;
using System.Text;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Fuzz;

[Collection(FuzzCollection.Name)]
public sealed class CookieFuzzTests(ITestOutputHelper output)
{
    private const int Issued = 500;

    [Fact]
    public void No_cookie_is_accepted_that_was_not_issued_and_each_that_was()
    {
        var run = new FuzzRun(output, "cookies.txt", normally: 300_000, atLength: 10_000_000);
        using var random = RandomNumberGenerator.Create();
        var ring = new SessionKeyRing([SessionKeyRing.NewKey(random, DateTimeOffset.UnixEpoch)]);
        var memory = new CookieMemory();
        string[] list =
        [
            .. Enumerable
                .Range(0, Issued)
                .Select(i => SessionCookie.Write(SessionId.New(random), new SessionVersion(i, 1), ring.Keys[0])),
        ];
        var issued = list.ToHashSet(StringComparer.Ordinal);
        var accepted = 0;
        for (var round = 0; round < run.Rounds; round++)
        {
            var text = Drawn(run, list);
            var isValid =
                (round % 2 == 0 ? SessionCookie.Read(text, ring) : memory.Read(text, ring)).Result
                == CookieResult.Valid;
            if (isValid != issued.Contains(text))
            {
                Assert.Fail($"{(isValid ? "Accepted" : "Refused")} in round {round}: {text}");
            }

            accepted += isValid ? 1 : 0;
        }

        Assert.InRange(accepted, 1, run.Rounds - 1);
        output.WriteLine($"{accepted} accepted, each of them issued");
        run.CheckMemory();
    }

    /// <summary>
    /// Of the corpus, of one that was issued, or of two: the id of one and the token of another.
    /// </summary>
    private static string Drawn(FuzzRun run, string[] issued)
    {
        var one = issued[run.Random.Next(issued.Length)];
        return run.Random.Next(4) switch
        {
            0 => Encoding.Latin1.GetString(run.Draw()),
            1 => one[..run.Random.Next(one.Length)]
                + issued[run.Random.Next(issued.Length)][run.Random.Next(one.Length)..],
            2 => one.Split('.')[0] + "." + issued[run.Random.Next(issued.Length)].Split('.')[1],
            _ => Encoding.Latin1.GetString(run.Draw(Encoding.Latin1.GetBytes(one))),
        };
    }
}

using System.Diagnostics;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// Sessions of which two nodes have a copy, changed at one of them and asked for at the other.
/// </summary>
internal static class StaleSessions
{
    /// <summary>
    /// For how long after a change was acknowledged the other node may still answer from before it.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    /// <summary>Sessions of which both nodes have a copy.</summary>
    public static async Task<List<TestBrowser>> OpenAsync(TestNode a, TestNode b, int count = 100)
    {
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < count; i++)
        {
            browsers.Add(a.Browser());
            await browsers[i].GetAsync("/set/color/old");
            Assert.Equal(200, (int)browsers[i].LastStatus);
            foreach (var node in new[] { b, a })
            {
                // A busy machine may answer 503.
                var value = await browsers[i].GetOnceFoundAsync("/get/color", node);
                var where = node == a ? "a" : "b";
                Assert.True(value == "old", $"session {i} at {where}: {browsers[i].LastStatus} '{value}'");
            }
        }

        return browsers;
    }

    /// <summary>
    /// Half of the sessions are changed at another node and half ended; then the first is asked by
    /// who has not seen that. What it is asked later than the bound after the change was
    /// acknowledged, it answers with what holds now, or with 503.
    /// </summary>
    public static async Task AssertNoneIsServedAsync(List<TestBrowser> browsers, TestNode a, TestNode b)
    {
        var former = browsers.ConvertAll(static browser => browser.Copy());
        var acknowledged = new long[browsers.Count];
        for (var i = 0; i < browsers.Count; i++)
        {
            await browsers[i].GetAsync(i % 2 == 0 ? "/set/color/new" : "/destroy", b);
            Assert.Equal(200, (int)browsers[i].LastStatus);
            acknowledged[i] = Stopwatch.GetTimestamp();
        }

        for (var i = 0; i < browsers.Count; i++)
        {
            var (asked, expected, since) = (former[i], i % 2 == 0 ? "new" : "", acknowledged[i]);
            var answers = new List<string>();
            await Condition.HoldsAsync(
                async () =>
                {
                    var (browser, age) = (asked.Copy(), Stopwatch.GetElapsedTime(since));
                    var value = await browser.GetAsync("/get/color", a);
                    var status = (int)browser.LastStatus;
                    answers.Add($"{status} '{value}' after {age.TotalMilliseconds:0} ms");
                    Assert.True(
                        status == 503 || (status == 200 && (value == expected || (value == "old" && age <= Bound))),
                        $"session {i} is '{expected}' and was answered {string.Join(", ", answers)}"
                    );
                    return status == 200 && value == expected;
                },
                $"session {i} is answered as it is"
            );
        }
    }
}

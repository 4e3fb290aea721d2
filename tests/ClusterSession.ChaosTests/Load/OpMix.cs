using System.Globalization;
using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// What a client does next: mostly entries, because each of them shows a loss; some registers,
/// counters, removals; now and then a new id or the end.
/// </summary>
internal static class OpMix
{
    public const int Registers = 2;
    public const string SharedCounter = "n:shared";

    public static string OwnCounter(int client) => string.Create(CultureInfo.InvariantCulture, $"n:{client}");

    public static string Register(int index) => string.Create(CultureInfo.InvariantCulture, $"k{index}");

    /// <param name="removable">Own acknowledged entries.</param>
    /// <param name="mayEnd">Whether the client alone decides about the session's life.</param>
    public static IReadOnlyList<Op> Next(
        Random random,
        LoadPlan plan,
        int client,
        int request,
        int session,
        List<string> removable,
        bool mayEnd
    )
    {
        var value = new SelfDescribingValue(session, client, request, 0).ToText(plan.FillerBytes);
        var key = Register(random.Next(Registers));
        var dice = random.Next(1000);
        return dice switch
        {
            < 300 => [Op.Append(value)],
            < 580 => [Op.List()],
            < 700 => [Op.Get(key, null)],
            < 800 => [Op.Set(key, value)],
            < 820 =>
            [
                Op.Set(key, value),
                Op.Set(key, new SelfDescribingValue(session, client, request, 1).ToText(plan.FillerBytes)),
            ],
            < 870 => [Op.Append(value), Op.List()],
            < 910 => [Op.Counter(OwnCounter(client), null)],
            < 930 => [Op.Counter(SharedCounter, null)],
            < 970 when removable.Count > 0 => [Op.RemoveEntry(removable[random.Next(removable.Count)])],
            < 985 when mayEnd && plan.Renews => [Op.Renew()],
            < 995 when mayEnd && plan.Destroys => [Op.Destroy()],
            _ => [Op.List()],
        };
    }
}

using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>
/// Steals cookies and replays them for ever, whatever the server sets: also long after their owner
/// renewed the id or ended the session, which is what makes the check of dead sessions a dense one.
/// Works as long as there is somebody to steal from.
/// </summary>
internal sealed class ThiefClient(LoadProgram program, int number, Task owners)
    : LoadClient(program, number, ClientKind.Thief)
{
    private const int BagSize = 48;
    private const int RoundsAfterwards = 2;

    private readonly List<JarState> _bag = [];

    public override async Task RunAsync()
    {
        while (!owners.IsCompleted)
        {
            if ((_bag.Count == 0 || Random.Next(8) == 0) && Program.Sessions.Steal(Random) is { } loot)
            {
                Keep(loot);
            }
            if (_bag.Count > 0)
            {
                await ReplayAsync(_bag[Random.Next(_bag.Count)]);
            }
            await Task.Delay((Plan.Think * Random.NextDouble()) + TimeSpan.FromMilliseconds(1));
        }
        // When all is over, everything once more: by now most of it should be dead.
        for (var i = 0; i < RoundsAfterwards; i++)
        {
            foreach (var loot in _bag)
            {
                await ReplayAsync(loot);
            }
        }
    }

    private void Keep(JarState loot)
    {
        if (_bag.Count < BagSize)
        {
            _bag.Add(loot);
        }
        else
        {
            _bag[Random.Next(BagSize)] = loot;
        }
    }

    private Task<HistoryEvent> ReplayAsync(JarState loot)
    {
        var request = NextRequestNumber();
        IReadOnlyList<Op> ops =
            request % 3 == 1
                ? [Op.Append(new SelfDescribingValue(loot.Session, Number, request, 0).ToText(Plan.FillerBytes))]
                : [Op.List(), Op.Get(OpMix.Register(0), null)];
        return SendAsync(request, loot, null, ops);
    }
}

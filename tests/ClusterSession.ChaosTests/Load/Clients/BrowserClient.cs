using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>
/// A page and what it loads: six requests at once on one jar, then the next page.
/// </summary>
internal sealed class BrowserClient(LoadProgram program, int number) : LoadClient(program, number, ClientKind.Parallel)
{
    private const int AtOnce = 6;

    public override async Task RunAsync()
    {
        var session = await BeginAsync();
        while (!IsDone)
        {
            if (session.IsOver || !session.HasCookie)
            {
                session = await BeginAsync();
                continue;
            }
            var page = new List<(JarState Sent, Task<HistoryEvent> Answer)>();
            for (var i = 0; i < AtOnce; i++)
            {
                var request = NextRequestNumber();
                var sent = session.Jar.State;
                var ops = OpMix.Next(Random, Plan, Number, request, sent.Session, session.Removable, mayEnd: false);
                page.Add((sent, SendAsync(request, sent, session.Jar, ops)));
            }
            foreach (var (sent, answer) in page)
            {
                session.Add(sent, await answer);
            }
            await ThinkAsync();
        }
    }

    // Alone: six first requests without a cookie would begin six sessions.
    private async Task<OwnedSession> BeginAsync()
    {
        var session = new OwnedSession(Program.Sessions.Begin(), Plan.EntriesPerSession);
        while (!IsDone && !session.IsOver && !session.HasCookie)
        {
            var request = NextRequestNumber();
            var sent = session.Jar.State;
            session.Add(
                sent,
                await SendAsync(
                    request,
                    sent,
                    session.Jar,
                    [Op.Append(new SelfDescribingValue(sent.Session, Number, request, 0).ToText(Plan.FillerBytes))]
                )
            );
            await ThinkAsync();
        }
        return session;
    }
}

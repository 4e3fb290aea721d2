using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>One thing after the other, one session after the other.</summary>
internal sealed class SequentialClient(LoadProgram program, int number)
    : LoadClient(program, number, ClientKind.Sequential)
{
    public override async Task RunAsync()
    {
        var session = Begin();
        while (!IsDone)
        {
            if (session.IsOver)
            {
                session = Begin();
            }
            var request = NextRequestNumber();
            var sent = session.Jar.State;
            var ops = sent.Cookie is null
                ? [Op.Append(new SelfDescribingValue(sent.Session, Number, request, 0).ToText(Plan.FillerBytes))]
                : OpMix.Next(Random, Plan, Number, request, sent.Session, session.Removable, mayEnd: true);
            session.Add(sent, await SendAsync(request, sent, session.Jar, ops));
            await ThinkAsync();
        }
    }

    private OwnedSession Begin() => new(Program.Sessions.Begin(), Plan.EntriesPerSession);
}

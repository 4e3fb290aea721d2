using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>
/// One of two devices that share a session, each with a jar of its own; the first one begins the
/// sessions.
/// </summary>
internal sealed class DeviceClient(LoadProgram program, int number, SharedSession shared, bool isFirst)
    : LoadClient(program, number, ClientKind.Device)
{
    public override async Task RunAsync()
    {
        OwnedSession? session = null;
        var seen = -1;
        while (!IsDone)
        {
            if (isFirst && (session is null || session.IsOver || shared.IsOver))
            {
                session = await BeginAsync();
                seen = shared.Publish(session.Jar);
            }
            else if (!isFirst && (session is null || shared.Number != seen))
            {
                (var jar, seen) = shared.Copy();
                session = jar is null ? null : new OwnedSession(jar, Plan.EntriesPerSession);
                if (jar is not null)
                {
                    Program.Sessions.Add(jar);
                }
            }
            if (session is null || session.IsOver)
            {
                if (shared.IsClosed)
                {
                    return;
                }
                shared.IsOver |= session?.IsOver ?? false;
                await Task.Delay(Plan.Think + TimeSpan.FromMilliseconds(1));
                continue;
            }
            var request = NextRequestNumber();
            var sent = session.Jar.State;
            var ops = OpMix.Next(Random, Plan, Number, request, sent.Session, session.Removable, mayEnd: false);
            session.Add(sent, await SendAsync(request, sent, session.Jar, ops));
            await ThinkAsync();
        }
        shared.IsClosed |= isFirst;
    }

    private async Task<OwnedSession> BeginAsync()
    {
        var session = new OwnedSession(Program.Sessions.Begin(), Plan.EntriesPerSession);
        while (!IsDone && !session.HasCookie)
        {
            if (session.IsOver)
            {
                session = new OwnedSession(Program.Sessions.Begin(), Plan.EntriesPerSession);
            }
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

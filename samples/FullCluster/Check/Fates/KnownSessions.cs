namespace FullCluster.Check.Fates;

/// <summary>
/// Sessions that are grown, changed, ended and rotated while only the dead master can know, and
/// while the one in its place rules, and logins of which all are ended meanwhile.
/// </summary>
/// <remarks>
/// The three parts are called one after the other, each at its moment of the story. Where a session
/// is changed on both sides, the second one is another tab, whose cookie names nothing that only
/// the dead master has.
/// </remarks>
internal sealed class KnownSessions(Uri shop)
{
    private const string Anna = "anna";
    private const string Bob = "bob";

    // 10 notes of 8,000 characters: above 64 KiB, beyond which a store sums up what a record holds.
    private const int Large = 10;

    private readonly List<KnownSession> _all = [];
    private readonly Dictionary<string, Browser> _tabs = [];

    public IReadOnlyList<KnownSession> All => _all;

    /// <summary>Before anything happens: everybody has a session, on every Redis.</summary>
    public async Task BeginAsync()
    {
        string[] names =
        [
            "grown-there",
            "grown-here",
            "grown-on-both",
            "changed-on-both",
            "rotated-there",
            "rotated-here",
            "ended-there",
            "ended-here",
            "anna-idle",
            "anna-changed",
            "bob-changed",
        ];
        foreach (var name in names)
        {
            await New(name).AddAsync();
        }

        await Of("anna-idle").LogInAsync(Anna);
        await Of("anna-changed").LogInAsync(Anna);
        await Of("bob-changed").LogInAsync(Bob);
        await Of("grown-on-both").GrowAsync(Large / 2);
        foreach (var session in _all)
        {
            await session.AddAsync();
            _tabs[session.Name] = session.Browser.Copy();
        }
    }

    /// <summary>What only the master knows that is about to die.</summary>
    public async Task ThereAsync()
    {
        await Of("grown-there").GrowAsync(Large);
        await Of("grown-on-both").GrowAsync(Large / 2);
        await Of("changed-on-both").AddAsync();
        await Of("rotated-there").AddAsync();
        await Of("rotated-there").RotateAsync();
        await Of("rotated-there").AddAsync();
        await Of("rotated-here").AddAsync();
        await Of("ended-there").EndAsync();
        await Of("ended-here").AddAsync();
        await Of("anna-changed").AddAsync();
        await Of("bob-changed").AddAsync();

        // A login that the end of all logins cannot know of.
        await New("anna-there").AddAsync();
        await Of("anna-there").LogInAsync(Anna);
        await Of("anna-there").AddAsync();
    }

    /// <summary>What happens while the other one rules.</summary>
    public async Task HereAsync()
    {
        await Of("grown-here").GrowAsync(Large);
        await Of("changed-on-both").AddAsync(_tabs["changed-on-both"]);
        await Of("rotated-here").RotateAsync(_tabs["rotated-here"]);
        await Of("rotated-here").AddAsync();
        await Of("ended-there").AddAsync(_tabs["ended-there"]);
        await Of("ended-here").EndAsync(_tabs["ended-here"]);

        // One that knows only the new master.
        await New("begun-here").AddAsync();
        await Of("begun-here").RotateAsync();
        await Of("begun-here").GrowAsync(Large);

        await New("anna-here").AddAsync();
        await Of("anna-here").LogInAsync(Anna);
        await Of("anna-here").EndElsewhereAsync();
        string[] ended = ["anna-idle", "anna-changed", "anna-there"];
        foreach (var name in ended)
        {
            Of(name).WasEnded();
        }

        // Who logs in again has a session that counts.
        await New("anna-again").AddAsync();
        await Of("anna-again").LogInAsync(Anna);
        await Of("anna-again").AddAsync();
    }

    private KnownSession Of(string name) => _all.First(session => session.Name == name);

    private KnownSession New(string name)
    {
        var session = new KnownSession(name, shop);
        _all.Add(session);
        return session;
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// Reads the configuration section into the options. Done by hand, because the framework's binder
/// stops at the first value it cannot read and passes over names it does not know; here both are
/// collected for the validator.
/// </summary>
/// <param name="configuration">The application's configuration, where it has one.</param>
internal sealed class ClusterSessionConfiguration(IConfiguration? configuration = null)
    : IConfigureOptions<ClusterSessionOptions>
{
    public void Configure(ClusterSessionOptions options)
    {
        if (configuration?.GetSection(ClusterSessionOptions.Section) is not { } section || !section.Exists())
        {
            return;
        }

        if (section.Value is { Length: > 0 })
        {
            options.BindingErrors.Add(
                "ClusterSession is a value (not shown, it may hold a password), and has to be a section. "
                    + "Write its settings below it, such as ClusterSession:Redis."
            );
        }

        var reader = new SectionReader(section, options.BindingErrors);
        reader.Span("IdleTimeout", value => options.IdleTimeout = value);
        reader.Span("LongestTicketLife", value => options.LongestTicketLife = value);
        reader.Bool("WholeLoginCookies", value => options.WholeLoginCookies = value);
        reader.Span("AbsoluteTimeout", value => options.AbsoluteTimeout = value);
        reader.Enum<SessionDurability>("Durability", value => options.Durability = value);
        reader.Int("Replicas", value => options.Replicas = value);
        reader.Span("ReplicaTimeout", value => options.ReplicaTimeout = value);
        reader.Span("TouchInterval", value => options.TouchInterval = value);
        reader.Span("LongestRequest", value => options.LongestRequest = value);
        reader.NonEmpty("ApplicationName", value => options.ApplicationName = value);
        reader.Text("KeyPrefix", value => options.KeyPrefix = value);
        reader.Span("RotationGrace", value => options.RotationGrace = value);
        reader.Bool("RotateIdAtSignIn", value => options.RotateIdAtSignIn = value);
        reader.Texts("SignInSchemes", options.SignInSchemes);
        reader.Texts("CarriedAttributes", options.CarriedAttributes);
        reader.Span("KeyRotation", value => options.KeyRotation = value);
        reader.Enum<SessionOutagePolicy>("OnStoreUnavailable", value => options.OnStoreUnavailable = value);
        reader.Span("RetryAfter", value => options.RetryAfter = value);
        reader.Int("MaxAttributeBytes", value => options.MaxAttributeBytes = value);
        reader.Int("MaxSessionBytes", value => options.MaxSessionBytes = value);
        reader.Int("MaxAttributes", value => options.MaxAttributes = value);
        reader.Int("MaxAttributeNameBytes", value => options.MaxAttributeNameBytes = value);
        reader.Bool("CommitOnException", value => options.CommitOnException = value);
        reader.Section("Cookie", cookie => ReadCookie(cookie, options.Cookie));
        reader.Section("LocalCopies", copies =>
        {
            copies.Int("MaxCount", value => options.LocalCopies.MaxCount = value);
            copies.Long("MaxBytes", value => options.LocalCopies.MaxBytes = value);
            copies.Span("Lease", value => options.LocalCopies.Lease = value);
        });
        reader.Section("Outage", outage => ReadOutage(outage, options.Outage));
        reader.List("Keys", key =>
        {
            var read = new SessionKeyOptions();
            key.Int("Id", value => read.Id = value);
            key.Text("Secret", value => read.Secret = value);
            key.Date("ActiveFrom", value => read.ActiveFrom = value);
            options.Keys.Add(read);
        });
        reader.Allow("Redis"); // Also where the store is another one, as on a developer's machine.
        reader.ReportUnknown();
    }

    private static void ReadOutage(SectionReader reader, OutageOptions outage)
    {
        reader.Span("SoftTimeout", value => outage.SoftTimeout = value);
        reader.Span("HardTimeout", value => outage.HardTimeout = value);
        reader.Int("BreakAfter", value => outage.BreakAfter = value);
        reader.Span("ProbeInterval", value => outage.ProbeInterval = value);
        reader.Int("JournalSessions", value => outage.JournalSessions = value);
        reader.Long("JournalBytes", value => outage.JournalBytes = value);
        reader.Span("WriteBehindDelay", value => outage.WriteBehindDelay = value);
        reader.Span("ReplayWindow", value => outage.ReplayWindow = value);
        reader.Long("ReplayBytes", value => outage.ReplayBytes = value);
        reader.Int("ReplayPerSecond", value => outage.ReplayPerSecond = value);
        reader.Span("DrainTimeout", value => outage.DrainTimeout = value);
        reader.Enum<StoreResetPolicy>("OnStoreReset", value => outage.OnStoreReset = value);
    }

    private static void ReadCookie(SectionReader reader, CookieBuilder cookie)
    {
        reader.NonEmpty("Name", value => cookie.Name = value);
        reader.Text("Domain", value => cookie.Domain = value.Length == 0 ? null : value);
        reader.Text("Path", value => cookie.Path = value);
        reader.Bool("HttpOnly", value => cookie.HttpOnly = value);
        reader.Bool("IsEssential", value => cookie.IsEssential = value);
        reader.Span("MaxAge", value => cookie.MaxAge = value);
        reader.Span("Expiration", value => cookie.Expiration = value);
        reader.Enum<SameSiteMode>("SameSite", value => cookie.SameSite = value);
        reader.Enum<CookieSecurePolicy>("SecurePolicy", value => cookie.SecurePolicy = value);
    }
}

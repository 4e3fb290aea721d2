using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// Reads the configuration section into the options. Done by hand, because the framework's binder stops at the first value it cannot
/// read and passes over names it does not know; here both are collected for the validator.
/// </summary>
/// <param name="configuration">The application's configuration, where it has one.</param>
internal sealed class ClusterSessionConfiguration(IConfiguration? configuration = null) : IConfigureOptions<ClusterSessionOptions>
{
    public void Configure(ClusterSessionOptions options)
    {
        if (configuration?.GetSection(ClusterSessionOptions.Section) is not { } section || !section.Exists())
        {
            return;
        }

        var reader = new SectionReader(section, options.BindingErrors);
        reader.Span("IdleTimeout", value => options.IdleTimeout = value);
        reader.Span("AbsoluteTimeout", value => options.AbsoluteTimeout = value);
        reader.Enum<SessionDurability>("Durability", value => options.Durability = value);
        reader.Int("Replicas", value => options.Replicas = value);
        reader.Span("ReplicaTimeout", value => options.ReplicaTimeout = value);
        reader.Span("TouchInterval", value => options.TouchInterval = value);
        reader.Span("LongestRequest", value => options.LongestRequest = value);
        reader.Text("KeyPrefix", value => options.KeyPrefix = value);
        reader.Span("KeyRotation", value => options.KeyRotation = value);
        reader.Enum<SessionOutagePolicy>("OnStoreUnavailable", value => options.OnStoreUnavailable = value);
        reader.Span("RetryAfter", value => options.RetryAfter = value);
        reader.Int("MaxAttributeBytes", value => options.MaxAttributeBytes = value);
        reader.Int("MaxAttributes", value => options.MaxAttributes = value);
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
        reader.Allow("Redis");
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
        reader.Text("Domain", value => cookie.Domain = value);
        reader.Text("Path", value => cookie.Path = value);
        reader.Bool("HttpOnly", value => cookie.HttpOnly = value);
        reader.Bool("IsEssential", value => cookie.IsEssential = value);
        reader.Enum<SameSiteMode>("SameSite", value => cookie.SameSite = value);
        reader.Enum<CookieSecurePolicy>("SecurePolicy", value => cookie.SecurePolicy = value);
    }

    /// <summary>Reads values of one section, remembering what was asked for and what could not be read.</summary>
    private sealed class SectionReader(IConfigurationSection section, List<string> errors)
    {
        private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

        public void Span(string name, Action<TimeSpan> set) =>
            Read(name, "a duration such as 00:20:00", text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null, set);

        public void Int(string name, Action<int> set) =>
            Read(name, "a whole number", text => int.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null, set);

        public void Long(string name, Action<long> set) =>
            Read(name, "a whole number", text => long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null, set);

        public void Bool(string name, Action<bool> set) =>
            Read(name, "true or false", text => bool.TryParse(text, out var value) ? value : null, set);

        public void Date(string name, Action<DateTimeOffset> set) => Read(
            name, "a moment such as 2026-01-31T00:00:00Z",
            text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value) ? value : null, set);

        public void Enum<T>(string name, Action<T> set)
            where T : struct, Enum =>
            Read(name, "one of " + string.Join(", ", System.Enum.GetNames<T>()), text => System.Enum.TryParse<T>(text, ignoreCase: true, out var value) && System.Enum.IsDefined(value) ? value : null, set);

        public void Text(string name, Action<string> set)
        {
            _known.Add(name);
            if (section[name] is { } text)
            {
                set(text);
            }
        }

        public void NonEmpty(string name, Action<string> set) => Text(name, text =>
        {
            if (text.Length == 0)
            {
                errors.Add($"{section.Path}:{name} is ''. Give it a value, or leave it out.");
            }
            else
            {
                set(text);
            }
        });

        public void Section(string name, Action<SectionReader> read)
        {
            _known.Add(name);
            var inner = new SectionReader(section.GetSection(name), errors);
            read(inner);
            inner.ReportUnknown();
        }

        public void List(string name, Action<SectionReader> read)
        {
            _known.Add(name);
            foreach (var item in section.GetSection(name).GetChildren())
            {
                var inner = new SectionReader(item, errors);
                read(inner);
                inner.ReportUnknown();
            }
        }

        public void Allow(string name) => _known.Add(name);

        public void ReportUnknown()
        {
            foreach (var child in section.GetChildren())
            {
                if (!_known.Contains(child.Key))
                {
                    errors.Add($"{child.Path} is not a setting. Remove it, or use one of {string.Join(", ", _known.Order())}.");
                }
            }
        }

        private void Read<T>(string name, string form, Func<string, T?> parse, Action<T> set)
            where T : struct
        {
            _known.Add(name);
            if (section[name] is not { Length: > 0 } text)
            {
                return;
            }

            if (parse(text) is { } value)
            {
                set(value);
            }
            else
            {
                errors.Add($"{section.Path}:{name} is '{text}', which is not {form}. Write {form}.");
            }
        }
    }
}

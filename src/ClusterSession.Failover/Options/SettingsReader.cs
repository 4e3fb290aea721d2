using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Failover.Options;

/// <summary>
/// Reads values of one section; what cannot be read, and names that are no settings, are collected.
/// </summary>
internal sealed partial class SettingsReader(IConfigurationSection section, ICollection<string> errors)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public void Text(string name, Action<string> set)
    {
        _known.Add(name);
        if (section.GetSection(name).GetChildren().FirstOrDefault() is { } part)
        {
            errors.Add($"{part.Path} is not a setting: {section.Path}:{name} is one value. Write it as one.");
        }

        if (section[name] is { Length: > 0 } text)
        {
            set(text.Trim());
        }
    }

    public void Address(string name, Action<Uri> set) =>
        Read(
            name,
            "an address such as https://host:7400",
            text => Uri.TryCreate(text, UriKind.Absolute, out var address) ? address : null,
            set
        );

    public void Flag(string name, Action<bool> set) =>
        Value(name, "true or false", text => bool.TryParse(text, out var value) ? value : null, set);

    public void Count(string name, Action<int> set) =>
        Value(
            name,
            "a number",
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null,
            set
        );

    /// <summary>
    /// Reads a duration, in the one form that cannot be misread: .NET reads 20 as 20 days, and
    /// 24:00:00 as 24 days.
    /// </summary>
    public void Span(string name, Action<TimeSpan> set) =>
        Value(
            name,
            "a duration of the form [days.]hours:minutes:seconds, such as 00:00:03 or 00:00:00.200",
            text =>
                Duration().IsMatch(text) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value)
                    ? value
                    : null,
            set
        );

    public void List(string name, Action<SettingsReader> read)
    {
        _known.Add(name);
        if (section[name] is { Length: > 0 })
        {
            errors.Add(
                $"{section.Path}:{name} is a value, and has to be a list. Write it as " + $"{section.Path}:{name}:0:..."
            );
        }

        foreach (var item in section.GetSection(name).GetChildren())
        {
            var reader = new SettingsReader(item, errors);
            read(reader);
            reader.ReportUnknown();
        }
    }

    /// <summary>Settings that somebody else reads: they are known.</summary>
    public void Ignore(IEnumerable<string> names) => _known.UnionWith(names);

    public void ReportUnknown()
    {
        foreach (var child in section.GetChildren().Where(child => !_known.Contains(child.Key)))
        {
            errors.Add($"{child.Path} is not a setting. Remove it, or use one of {string.Join(", ", _known.Order())}.");
        }
    }

    private void Value<T>(string name, string form, Func<string, T?> parse, Action<T> set)
        where T : struct => Text(name, text =>
        {
            if (parse(text) is { } value)
            {
                set(value);
            }
            else
            {
                Report(name, text, form);
            }
        });

    private void Read<T>(string name, string form, Func<string, T?> parse, Action<T> set)
        where T : class => Text(name, text =>
        {
            if (parse(text) is { } value)
            {
                set(value);
            }
            else
            {
                Report(name, text, form);
            }
        });

    private void Report(string name, string text, string form) =>
        errors.Add($"{section.Path}:{name} is '{text}', which is not {form}. Write {form}.");

    [GeneratedRegex(@"^([0-9]{1,5}\.)?([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\.[0-9]{1,7})?$")]
    private static partial Regex Duration();
}

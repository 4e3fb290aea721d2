using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Hosting;

/// <summary>
/// Reads values of one section, remembering what was asked for and what could not be read.
/// </summary>
internal sealed class SectionReader(IConfigurationSection section, List<string> errors)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public void Span(string name, Action<TimeSpan> set) => Text(name, text =>
        {
            if (text.Length == 0)
            {
                return;
            }

            var (value, problem) = DurationText.Read(text);
            if (value is { } duration)
            {
                set(duration);
            }
            else
            {
                errors.Add($"{section.Path}:{name} is '{text}', {problem}");
            }
        });

    public void Int(string name, Action<int> set) =>
        Read(
            name,
            "a whole number",
            text => int.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null,
            set
        );

    public void Long(string name, Action<long> set) =>
        Read(
            name,
            "a whole number",
            text => long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : null,
            set
        );

    public void Bool(string name, Action<bool> set) =>
        Read(name, "true or false", text => bool.TryParse(text, out var value) ? value : null, set);

    public void Date(string name, Action<DateTimeOffset> set) =>
        Read(
            name,
            "a moment such as 2026-01-31T00:00:00Z",
            text =>
                DateTimeOffset.TryParse(
                    text,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal,
                    out var value
                )
                    ? value
                    : null,
            set
        );

    public void Enum<T>(string name, Action<T> set)
        where T : struct, Enum =>
        Read(
            name,
            "one of " + string.Join(", ", System.Enum.GetNames<T>()),
            text =>
                !text.Contains(',', StringComparison.Ordinal)
                && System.Enum.TryParse<T>(text, ignoreCase: true, out var value)
                && System.Enum.IsDefined(value)
                    ? value
                    : null,
            set
        );

    public void Text(string name, Action<string> set)
    {
        _known.Add(name);
        ReportParts(name);
        if (section[name] is { } text)
        {
            set(text);
        }
    }

    /// <summary>A list of texts, each under a number of its own.</summary>
    public void Texts(string name, ICollection<string> list)
    {
        _known.Add(name);
        if (section[name] is { Length: > 0 } text)
        {
            errors.Add(
                $"{section.Path}:{name} is '{text}', and has to be a list. Write its values below it, as "
                    + $"{section.Path}:{name}:0."
            );
        }

        foreach (var item in section.GetSection(name).GetChildren())
        {
            if (item.Value is { Length: > 0 } value)
            {
                list.Add(value);
            }
            else
            {
                errors.Add($"{item.Path} is empty or a section. Write one name there, or leave it out.");
            }
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
        ReportValue(name);
        var inner = new SectionReader(section.GetSection(name), errors);
        read(inner);
        inner.ReportUnknown();
    }

    /// <summary>
    /// Reads a list of sections. A value in the place of a section may be a secret and is not
    /// shown: the only list of sections is that of the keys.
    /// </summary>
    public void List(string name, Action<SectionReader> read)
    {
        _known.Add(name);
        var list = section.GetSection(name);
        ReportSecretValue(list);
        foreach (var item in list.GetChildren())
        {
            ReportSecretValue(item);
            var inner = new SectionReader(item, errors);
            read(inner);
            inner.ReportUnknown();
        }
    }

    /// <summary>Somebody else reads this value.</summary>
    public void Allow(string name)
    {
        _known.Add(name);
        ReportParts(name);
    }

    public void ReportUnknown()
    {
        foreach (var child in section.GetChildren())
        {
            if (!_known.Contains(child.Key))
            {
                errors.Add(
                    $"{child.Path} is not a setting. Remove it, or use one of {string.Join(", ", _known.Order())}."
                );
            }
        }
    }

    /// <summary>A section that is written as a value would pass unseen.</summary>
    private void ReportValue(string name)
    {
        if (section[name] is { Length: > 0 } text)
        {
            errors.Add(
                $"{section.Path}:{name} is '{text}', and has to be a section. "
                    + $"Write its settings below it, as {section.Path}:{name}:..."
            );
        }
    }

    private void ReportSecretValue(IConfigurationSection secret)
    {
        if (secret.Value is { Length: > 0 })
        {
            errors.Add(
                $"{secret.Path} is a value (not shown), and has to be a section. "
                    + $"Write its settings below it, as {secret.Path}:..."
            );
        }
    }

    /// <summary>A value that is written as a section would pass unseen.</summary>
    private void ReportParts(string name)
    {
        if (section.GetSection(name).GetChildren().FirstOrDefault() is { } part)
        {
            errors.Add($"{part.Path} is not a setting: {section.Path}:{name} is one value. Write it as one.");
        }
    }

    private void Read<T>(string name, string form, Func<string, T?> parse, Action<T> set)
        where T : struct
    {
        _known.Add(name);
        ReportParts(name);
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

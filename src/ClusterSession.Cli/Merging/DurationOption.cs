using System.CommandLine;
using System.Globalization;

namespace ClusterSession.Cli.Merging;

/// <summary>Durations as people type them: 90s, 10m, 2h, 3d.</summary>
internal static class DurationOption
{
    private const int MaxDays = 10_000;

    public static Option<TimeSpan?> Create(string name, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "duration",
            CustomParser = result =>
            {
                if (Read(result.Tokens[0].Value) is { } duration)
                {
                    return duration;
                }

                result.AddError($"{name} takes a number and a unit: 90s, 10m, 2h or 3d.");
                return null;
            },
        };

    private static TimeSpan? Read(string text)
    {
        if (
            text.Length < 2
            || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        )
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' when number < MaxDays * 24 => TimeSpan.FromHours(number),
            'd' when number < MaxDays => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}

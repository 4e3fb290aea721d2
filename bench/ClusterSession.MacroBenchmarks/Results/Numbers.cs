using System.Globalization;
using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>
/// Numbers as tables show them: three digits that count, a dash for what there is not.
/// </summary>
internal static class Numbers
{
    public static string Text(double value) =>
        value switch
        {
            double.NaN => "-",
            0 => "0",
            _ => Math.Abs(value) switch
            {
                >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
                >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
                >= 0.005 => value.ToString("0.00", CultureInfo.InvariantCulture),
                _ => "0.00",
            },
        };

    public static string Text(Figure figure) => Text(figure.Median);

    public static string Ratio(double value) =>
        double.IsFinite(value) ? value.ToString("0.00", CultureInfo.InvariantCulture) + " x" : "-";

    public static string Spread(Figure figure) =>
        double.IsFinite(figure.Spread)
            ? "±" + (figure.Spread * 100).ToString("0", CultureInfo.InvariantCulture) + " %"
            : "-";

    /// <summary>
    /// Commands by name: <c>1.0 evalsha, 0.2 hgetall</c>; what is rarer than one in two hundred
    /// requests belongs to the background.
    /// </summary>
    public static string Commands(IReadOnlyDictionary<string, double>? commands)
    {
        if (commands is null)
        {
            return "-";
        }

        var shown = commands
            .Where(command => command.Value >= 0.005)
            .OrderByDescending(command => command.Value)
            .Select(command => string.Create(CultureInfo.InvariantCulture, $"{command.Value:0.##} {command.Key}"))
            .ToArray();
        return shown.Length == 0 ? "0" : string.Join(", ", shown);
    }
}

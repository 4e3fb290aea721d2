using System.Globalization;
using System.Text.RegularExpressions;

namespace ClusterSession.Hosting;

/// <summary>
/// Reads durations of the configuration in the one form that cannot be misread:
/// <c>[d.]hh:mm:ss[.fff]</c>. <see cref="TimeSpan"/> itself takes "20" for 20 days and
/// "24:00:00" for 24 days.
/// </summary>
internal static partial class DurationText
{
    private const string Form = "a duration of the form [days.]hours:minutes:seconds, such as 00:20:00 or 1.00:00:00";

    /// <summary>The duration, or what is wrong with the text and how to write it.</summary>
    public static (TimeSpan? Value, string Problem) Read(string text)
    {
        text = text.Trim();
        var plain = Plain().Match(text);
        if (
            plain.Success
            && Number(plain, "hours") < 24
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value)
        )
        {
            return (value, "");
        }

        return (null, $"which is not {Form}. {Remedy(text)}");
    }

    private static string Remedy(string text)
    {
        if (Plain().Match(text) is { Success: true } plain && Number(plain, "days") is var days and < 100_000)
        {
            // Hours, minutes or seconds beyond a day, an hour or a minute: what a person means by
            // them is plain.
            var meant =
                TimeSpan.FromDays(days)
                + TimeSpan.FromHours(Number(plain, "hours"))
                + TimeSpan.FromMinutes(Number(plain, "minutes"))
                + TimeSpan.FromSeconds(Number(plain, "seconds"));
            return $"Write {Text(meant)}.";
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 100_000)
        {
            return $"Write {Text(TimeSpan.FromSeconds(number))} for {number} seconds, "
                + $"{Text(TimeSpan.FromMinutes(number))} for {number} minutes, "
                + $"or {Text(TimeSpan.FromDays(number))} for {number} days.";
        }

        if (Pair().Match(text) is { Success: true } pair)
        {
            var (first, second) = (Number(pair, "first"), Number(pair, "second"));
            return $"Write {Text(TimeSpan.FromMinutes(first) + TimeSpan.FromSeconds(second))} for {first} minutes "
                + $"and {second} seconds, "
                + $"or {Text(TimeSpan.FromHours(first) + TimeSpan.FromMinutes(second))} for {first} hours and "
                + $"{second} minutes.";
        }

        return "Write it in that form.";
    }

    private static string Text(TimeSpan duration) => duration.ToString("c", CultureInfo.InvariantCulture);

    private static int Number(Match match, string group) =>
        match.Groups[group] is { Success: true } digits
            ? int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)
            : 0;

    [GeneratedRegex(
        @"^-?((?<days>[0-9]{1,7})\.)?(?<hours>[0-9]{1,3}):(?<minutes>[0-9]{1,2}):(?<seconds>[0-9]{1,2})(\.[0-9]{1,7})?$"
    )]
    private static partial Regex Plain();

    [GeneratedRegex("^(?<first>[0-9]{1,3}):(?<second>[0-9]{1,2})$")]
    private static partial Regex Pair();
}

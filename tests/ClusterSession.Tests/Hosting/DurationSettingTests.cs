using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class DurationSettingTests
{
    private static readonly string[] Names =
    [
        "IdleTimeout",
        "AbsoluteTimeout",
        "ReplicaTimeout",
        "TouchInterval",
        "LongestRequest",
        "RotationGrace",
        "LongestTicketLife",
        "KeyRotation",
        "RetryAfter",
        "LocalCopies:Lease",
        "Outage:SoftTimeout",
        "Outage:HardTimeout",
        "Outage:ProbeInterval",
        "Outage:WriteBehindDelay",
        "Outage:ReplayWindow",
        "Outage:DrainTimeout",
        "Cookie:MaxAge",
        "Cookie:Expiration",
    ];

    public static TheoryData<string> DurationSettings => [.. Names];

    [Theory]
    [InlineData("20", "00:00:20 for 20 seconds", "00:20:00 for 20 minutes", "20.00:00:00 for 20 days")]
    [InlineData("24:00:00", "Write 1.00:00:00.", "", "")]
    [InlineData("36:30:00", "Write 1.12:30:00.", "", "")]
    [InlineData("00:90:00", "Write 01:30:00.", "", "")]
    [InlineData("20:00", "00:20:00 for 20 minutes and 0 seconds", "20:00:00 for 20 hours", "")]
    [InlineData("90:00", "01:30:00 for 90 minutes", "3.18:00:00 for 90 hours", "")]
    [InlineData("00:20:00:00", "00:20:00 or 1.00:00:00", "", "")]
    [InlineData("1:00:20:00", "00:20:00 or 1.00:00:00", "", "")]
    [InlineData("20 minutes", "00:20:00 or 1.00:00:00", "", "")]
    [InlineData("20m", "00:20:00 or 1.00:00:00", "", "")]
    [InlineData("999999999999", "00:20:00 or 1.00:00:00", "", "")]
    [InlineData("99999999.00:00:00", "00:20:00 or 1.00:00:00", "", "")]
    public void Duration_that_can_be_misread_is_refused_with_how_to_write_what_may_be_meant(
        string text,
        string first,
        string second,
        string third
    )
    {
        var failure = Assert.Single(Settings.Failures(("AbsoluteTimeout", text)));
        Assert.StartsWith($"ClusterSession:AbsoluteTimeout is '{text}'", failure);
        Assert.All(new[] { first, second, third }, remedy => Assert.Contains(remedy, failure));
    }

    [Theory]
    [MemberData(nameof(DurationSettings))]
    public void Every_duration_setting_refuses_a_number_without_a_unit(string setting) =>
        Assert.Contains(Settings.Failures((setting, "20")), failure =>
            failure.StartsWith($"ClusterSession:{setting} is '20'", StringComparison.Ordinal)
        );

    [Fact]
    public void No_duration_setting_is_missing_here()
    {
        var settings = new[]
        {
            ("", typeof(ClusterSessionOptions)),
            ("LocalCopies:", typeof(LocalCopyOptions)),
            ("Outage:", typeof(OutageOptions)),
            ("Cookie:", typeof(Microsoft.AspNetCore.Http.CookieBuilder)),
        }.SelectMany(type =>
            type.Item2.GetProperties()
                .Where(property =>
                    (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) == typeof(TimeSpan)
                )
                .Select(property => type.Item1 + property.Name)
        );
        Assert.Equal(settings.Order(), Names.Order());
    }

    [Theory]
    [InlineData("00:20:00", 1200)]
    [InlineData(" 23:59:59 ", 86399)]
    [InlineData("1.00:00:00", 86400)]
    [InlineData("8:00:00", 28800)]
    [InlineData("00:20:00.500", 1200.5)]
    public void Duration_of_the_one_form_is_read(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Settings.Read(("IdleTimeout", text)).IdleTimeout);
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ClusterSession.Failover.Options;

/// <summary>
/// Reads the section into the options. By hand, since the framework's binder stops at the first
/// value that it cannot read and passes over names that it does not know.
/// </summary>
/// <param name="configuration">The application's configuration, where it has one.</param>
internal sealed class FailoverConfiguration(IConfiguration? configuration = null) : IConfigureOptions<FailoverOptions>
{
    public const string Section = "ClusterSession:Failover";

    /// <inheritdoc/>
    public void Configure(FailoverOptions options)
    {
        if (configuration?.GetSection(Section) is not { } section || !section.Exists())
        {
            return;
        }

        var reader = new SettingsReader(section, options.ReadErrors);
        reader.Text("Cluster", value => options.Cluster = value);
        reader.Text("Name", value => options.Name = value);
        reader.List("Members", member =>
        {
            var read = new FailoverMember();
            member.Text("Name", value => read.Name = value);
            member.Text("Redis", value => read.Redis = value);
            member.Address("Agent", value => read.Agent = value);
            member.Flag("IsReadReplica", value => read.IsReadReplica = value);
            options.Members.Add(read);
        });
        reader.Address("Voter", value => options.Voter = value);
        reader.Text("Coordinator", value => options.Coordinator = value);
        reader.Text("Directory", value => options.Directory = value);
        reader.Text("Secret", value => options.Secret = value);
        reader.Text("RedisAddress", value => options.RedisAddress = value);
        reader.Text("RedisUser", value => options.RedisUser = value);
        reader.Text("RedisPassword", value => options.RedisPassword = value);
        reader.Flag("RedisTls", value => options.RedisTls = value);
        reader.Text("RedisTlsCaFile", value => options.RedisTlsCaFile = value);
        reader.Text("RedisTlsCertificateFile", value => options.RedisTlsCertificateFile = value);
        reader.Text("RedisTlsKeyFile", value => options.RedisTlsKeyFile = value);
        reader.Count("RedisDatabase", value => options.RedisDatabase = value);
        reader.Text("ApplicationUser", value => options.ApplicationUser = value);
        reader.Text("KeyPrefix", value => options.KeyPrefix = value);
        reader.Span("Ttl", value => options.Ttl = value);
        reader.Span("Interval", value => options.Interval = value);
        reader.Span("Deadline", value => options.Deadline = value);
        reader.Span("RecordLife", value => options.RecordLife = value);
        reader.Span("DeadAfter", value => options.DeadAfter = value);
        reader.Span("GatherWait", value => options.GatherWait = value);
        reader.Span("NewerDataWait", value => options.NewerDataWait = value);
        reader.Span("StepWait", value => options.StepWait = value);
        reader.Span("FlappingWindow", value => options.FlappingWindow = value);
        reader.Count("MaxPromotions", value => options.MaxPromotions = value);
        reader.Flag("ReturnToPreferred", value => options.ReturnToPreferred = value);
        reader.Span("ReturnAfter", value => options.ReturnAfter = value);
        reader.Span("IdleTimeout", value => options.IdleTimeout = value);
        reader.Span("TicketLife", value => options.TicketLife = value);
        reader.Flag("FollowWithoutCopy", value => options.FollowWithoutCopy = value);
        reader.Text("TrackFile", value => options.TrackFile = value);
        reader.ReportUnknown();
    }
}

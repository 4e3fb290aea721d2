using System.Text.Json.Nodes;

namespace FullCluster.Parts;

/// <summary>One answer of GET /cluster.</summary>
internal sealed class ClusterLook(JsonNode answer)
{
    public static ClusterLook None { get; } = new(new JsonObject { ["reason"] = "No agent is responding." });

    public JsonNode Json => answer;

    /// <summary>The later the lease and the younger the look, the higher.</summary>
    public (long Epoch, long NegativeAge) Freshness =>
        (
            answer["lease"]?["epoch"]?.GetValue<long>() ?? 0,
            -(answer["lookAgeMilliseconds"]?.GetValue<long>() ?? long.MaxValue)
        );

    /// <summary>Who is master; null: nobody is known to be.</summary>
    public string? Ruler => answer["ruler"]?.GetValue<string>();

    public string Reason => answer["reason"]?.GetValue<string>() ?? "nothing";

    /// <summary>Whether members have data that the master may lack.</summary>
    public bool HasLedger => answer["ledger"]?.AsArray().Count > 0;

    /// <summary>Whether it follows the master, complete and connected.</summary>
    public bool IsInStep(string name) =>
        Member(name) is { } member
        && member["follows"]?.GetValue<string>() == Ruler
        && Ruler is not null
        && member["isLinkUp"]?.GetValue<bool>() == true
        && member["lagBytes"]?.GetValue<long>() == 0;

    /// <summary>Whether it is connected to the master.</summary>
    public bool IsLinked(string name) => Member(name)?["isLinkUp"]?.GetValue<bool>() == true;

    /// <summary>Records of which something was merged; null: there is no merge.</summary>
    public long? Merged(string name) => Member(name)?["merge"]?["merged"]?.GetValue<long>();

    private JsonNode? Member(string name) =>
        answer["members"]?.AsArray().FirstOrDefault(member => member?["name"]?.GetValue<string>() == name);
}
